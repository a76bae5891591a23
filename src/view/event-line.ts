import type { LoggedEvent } from '../model/logged-event.js';
import { printable } from '../model/printable.js';
import { localTime } from './local-time.js';

/** `2026-11-21 15:02:11  root by cron  shop/container.web-1 update, healed: process 41 is gone (0.3 s)`, in local time. */
export function eventLine(event: LoggedEvent): string {
  const { who, stack, address, action, drift, reasons, ms, result, error } = event;
  const what = `${stack}/${address} ${action}${drift && result === 'done' ? ', healed' : ''}`;
  const why = reasons.length > 0 ? `: ${reasons.join(', ')}` : '';
  const end = result === 'done' ? ` (${(ms / 1000).toFixed(1)} s)` : ` — ${result}: ${error}`;
  return printable(
    `${localTime(new Date(event.at))}  ${who}  ${what}${why}${end}`.replaceAll('\n', ' '),
  );
}
