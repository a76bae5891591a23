import type { LoggedEvent } from '../../model/logged-event.js';
import type { Tone } from '../../model/topology.js';
import { localTime } from '../../view/local-time.js';
import { safe } from '../../view/markup.js';
import { mark } from './parts.js';

/** What was done, the newest first. */
export function eventsSection(events: readonly LoggedEvent[]): string {
  if (events.length === 0) return '<p class="none">Nothing has been done yet.</p>';
  return `<ol class="lines">${events.map(line).join('\n')}</ol>`;
}

const TONE: Record<LoggedEvent['result'], Tone> = { done: 'good', failed: 'bad', skipped: 'idle' };

function line(event: LoggedEvent): string {
  const { at, who, address, action, drift, reasons, ms, result, error } = event;
  const how = result === 'done' ? `${(ms / 1000).toFixed(1)} s` : `${result}: ${error ?? ''}`;
  const healed = drift && result === 'done' ? '<span class="tag">healed</span>' : '';
  const why = reasons.length === 0 ? '' : `${reasons.join(', ')} · `;
  return [
    `<li class="${TONE[result]}">${mark(TONE[result])}<div class="wide">`,
    `<div class="ends"><span><span class="mono strong">${safe(address)}</span> ${safe(action)} ${healed}</span>`,
    `<time class="soft" datetime="${safe(at)}">${localTime(new Date(at))}</time></div>`,
    `<span class="soft">${safe(`${why}${how} · ${who}`)}</span></div></li>`,
  ].join('');
}
