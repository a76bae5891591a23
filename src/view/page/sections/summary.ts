import type { LoggedEvent } from '../../../model/events.js';
import { safe } from '../../../model/printable.js';
import type { Severity } from '../../../model/topology.js';
import { countChanges } from '../../summary.js';
import { localTime } from '../../tables.js';
import type { PageData, Pending } from '../page-data.js';
import { mark, roughly, tile } from './parts.js';

/** Key figures of the stack. */
export function summarySection({ topology, uses, farms, pending }: PageData): string {
  const all = [...uses.values()];
  const sum = (of: (each: (typeof all)[number]) => number) =>
    all.reduce((total, each) => total + of(each), 0);
  const running = topology.containers.filter(({ status }) => status === 'running').length;
  const rate = farms.reduce((total, { traffic }) => total + (traffic?.rate ?? 0), 0);
  const bad = topology.containers.filter(({ tone }) => tone === 'bad').length;
  return [
    tile(`${running} of ${topology.containers.length}`, 'running', bad > 0 ? 'bad' : ''),
    tile(`${sum(({ cpu_percent }) => cpu_percent).toFixed(1)}%`, 'of a CPU'),
    tile(roughly(sum(({ memory }) => memory)), 'memory'),
    ...(farms.length > 0 ? [tile(`${rate}/s`, 'requests')] : []),
    tile(...pendingTile(pending)),
  ].join('');
}

function pendingTile(pending: Pending): [value: string, label: string, kind?: string] {
  if ('unknown' in pending) return ['?', 'pending changes'];
  const { add, change, destroy, forget, refresh = 0 } = countChanges(pending.plan.changes);
  const count = add + change + destroy + forget || refresh;
  const label = count === 1 ? 'pending change' : 'pending changes';
  return count === 0 ? ['none', label] : [String(count), label, 'wait'];
}

/** The latest events, newest first. */
export function eventsSection(events: readonly LoggedEvent[]): string {
  if (events.length === 0) return '<p class="none">Nothing has been done yet.</p>';
  return `<ol class="lines">${events.map(line).join('\n')}</ol>`;
}

const TONE: Record<LoggedEvent['result'], Severity> = {
  done: 'good',
  failed: 'bad',
  skipped: 'idle',
};

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
