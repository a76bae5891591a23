import type { Outcome } from '../../model/events.js';
import type { Action, Change, Plan } from '../../model/plan.js';
import { printable } from '../../model/printable.js';
import type { View, ViewOptions } from '../view.js';
import { printFailures, rollbackText } from './messages.js';

/**
 * For cron: no output when nothing changed, so that no mail is sent. Otherwise one line for each
 * resource that was healed or changed, with the reason; failures go to standard error.
 */
export function quietView(options: ViewOptions): View {
  return silentView(options, (changes, { stack }) => {
    const lines = changes.flatMap(line);
    return lines.length > 0 ? [`baleine ${stack}:`, ...lines, ''].join('\n') : '';
  });
}

function line({ address, action, reasons, drift }: Change): string[] {
  if (action === 'refresh' && !drift) return [];
  const done = drift && action !== 'forget' ? 'healed' : DONE[action as keyof typeof DONE];
  return [`  ${address} ${done}: ${printable(reasons.join(', '))}`];
}

/** Prints nothing until the end, except that a rolling update is undone: then `summary` and failures. */
export function silentView(
  { out, err }: ViewOptions,
  summary: (changes: Change[], plan: Plan) => string,
): View {
  return {
    plan: async () => {},
    start: async () => {},
    event: (event) => {
      const text = rollbackText(event);
      if (text) err(`${text}\n`);
    },
    finish: async (plan, outcome) => {
      const text = summary(achieved(plan, outcome), plan);
      if (text) out(text);
      printFailures(outcome, err);
    },
  };
}

/** For a command that names the changes itself: one line for each result. */
export function briefView(options: ViewOptions): View {
  const view = silentView(options, (changes) => changes.map(briefLine).join(''));
  return {
    ...view,
    plan: async ({ warnings = [] }) => {
      for (const { address, text } of warnings) {
        options.err(`Warning: ${[address, printable(text)].filter(Boolean).join(' ')}\n`);
      }
    },
  };
}

/** The reasons of an update say what was done; other reasons say nothing new. */
function briefLine({ address, action, reasons }: Change): string {
  if (action === 'refresh') return '';
  const why = action === 'update' ? ` (${printable(reasons.join(', '))})` : '';
  return `${address} ${DONE[action]}${why}\n`;
}

/** The result for a resource, in one word. */
export const DONE: Record<Exclude<Action, 'refresh'>, string> = {
  create: 'created',
  update: 'updated',
  replace: 'replaced',
  delete: 'destroyed',
  forget: 'forgotten',
};

/** The changes of which no part failed, was skipped, or did not last. */
export function achieved({ changes }: Plan, { failed, skipped, unsteady = [] }: Outcome): Change[] {
  const missed = new Set([...failed, ...skipped, ...unsteady].map(({ address }) => address));
  return changes.filter(({ address }) => !missed.has(address));
}
