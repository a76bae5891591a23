import type { Change } from '../../model/plan.js';
import { printable } from '../../model/printable.js';
import type { View, ViewOptions } from '../view.js';
import { DONE } from './achieved.js';
import { silentView } from './silent.js';

/** For a command that says itself what is to be done: what came of it, a line each. */
export function briefView(options: ViewOptions): View {
  const view = silentView(options, (changes) => changes.map(line).join(''));
  return {
    ...view,
    plan: async ({ warnings = [] }) => {
      for (const { address, text } of warnings) {
        options.err(`Warning: ${[address, printable(text)].filter(Boolean).join(' ')}\n`);
      }
    },
  };
}

/** The reasons of an update say what was done; those of the rest say nothing new. */
function line({ address, action, reasons }: Change): string {
  if (action === 'refresh') return '';
  const why = action === 'update' ? ` (${printable(reasons.join(', '))})` : '';
  return `${address} ${DONE[action]}${why}\n`;
}
