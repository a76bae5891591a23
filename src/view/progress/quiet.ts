import type { Change } from '../../model/plan.js';
import { printable } from '../../model/printable.js';
import type { View, ViewOptions } from '../view.js';
import { DONE } from './achieved.js';
import { silentView } from './silent.js';

/**
 * For cron: not one byte when nothing changed, so that no mail is sent. Otherwise what was healed
 * or changed and why, a line each; what failed goes to standard error.
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
