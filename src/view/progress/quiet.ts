import type { Change } from '../../model/plan.js';
import { printable } from '../value.js';
import type { View, ViewOptions } from '../view.js';
import { achieved, DONE } from './achieved.js';
import { printFailures } from './failures.js';
import { rollbackText } from './words.js';

/**
 * For cron: not one byte when nothing changed, so that no mail is sent. Otherwise what was healed
 * or changed and why, a line each; what failed goes to standard error.
 */
export function quietView({ out, err }: ViewOptions): View {
  return {
    plan: async () => {},
    start: async () => {},
    event: (event) => {
      const text = rollbackText(event);
      if (text) err(`${text}\n`);
    },
    finish: async (plan, outcome) => {
      const lines = achieved(plan, outcome).flatMap(line);
      if (lines.length > 0) out([`baleine ${plan.stack}:`, ...lines, ''].join('\n'));
      printFailures(outcome, err);
    },
  };
}

function line({ address, action, reasons, drift }: Change): string[] {
  if (action === 'refresh' && !drift) return [];
  const done = drift && action !== 'forget' ? 'healed' : DONE[action as keyof typeof DONE];
  return [`  ${address} ${done}: ${printable(reasons.join(', '))}`];
}
