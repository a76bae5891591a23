import type { Outcome } from '../../model/events.js';
import type { Action, Change, Plan } from '../../model/plan.js';
import { printable } from '../value.js';
import type { View, ViewOptions } from '../view.js';
import { printFailures } from './failures.js';

const DONE: Record<Exclude<Action, 'refresh'>, string> = {
  create: 'created',
  update: 'updated',
  replace: 'replaced',
  delete: 'destroyed',
  forget: 'forgotten',
};

/**
 * For cron: not one byte when nothing changed, so that no mail is sent. Otherwise what was healed
 * or changed and why, a line each; what failed goes to standard error.
 */
export function quietView({ out, err }: ViewOptions): View {
  return {
    plan: async () => {},
    start: async () => {},
    event: () => {},
    finish: async (plan, outcome) => {
      const lines = achieved(plan, outcome).flatMap(line);
      if (lines.length > 0) out([`baleine ${plan.stack}:`, ...lines, ''].join('\n'));
      printFailures(outcome, err);
    },
  };
}

/** The changes of which no part failed or was left out. */
function achieved({ changes }: Plan, { failed, skipped }: Outcome): Change[] {
  const missed = new Set([...failed, ...skipped].map(({ address }) => address));
  return changes.filter(({ address }) => !missed.has(address));
}

function line({ address, action, reasons, drift }: Change): string[] {
  if (action === 'refresh' && !drift) return [];
  const done = drift && action !== 'forget' ? 'healed' : DONE[action as keyof typeof DONE];
  return [`  ${address} ${done}: ${printable(reasons.join(', '))}`];
}
