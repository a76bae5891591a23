import type { Change } from '../../model/plan.js';
import { printable } from '../value.js';
import type { View, ViewOptions } from '../view.js';
import { achieved, DONE } from './achieved.js';
import { printFailures } from './failures.js';
import { rollbackText } from './words.js';

/** For a command that says itself what is to be done: what came of it, a line each. */
export function briefView({ out, err }: ViewOptions): View {
  return {
    plan: async () => {},
    start: async () => {},
    event: (event) => {
      const text = rollbackText(event);
      if (text) err(`${text}\n`);
    },
    finish: async (plan, outcome) => {
      for (const change of achieved(plan, outcome)) out(line(change));
      printFailures(outcome, err);
    },
  };
}

/** The reasons of an update say what was done; those of the rest say nothing new. */
function line({ address, action, reasons }: Change): string {
  if (action === 'refresh') return '';
  const why = action === 'update' ? ` (${printable(reasons.join(', '))})` : '';
  return `${address} ${DONE[action]}${why}\n`;
}
