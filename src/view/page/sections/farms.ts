import type { FarmServer, FarmStatus, ServerState } from '../../../model/farm-status.js';
import { formatDuration } from '../../../model/format.js';
import { safe } from '../../../model/printable.js';
import type { Severity } from '../../../model/topology.js';
import { cell, mark, roughly, tile } from './parts.js';

/** The counters of each farm's proxy. */
export function farmsSection(farms: readonly FarmStatus[]): string {
  if (farms.length === 0) return '<p class="none">There are no farms.</p>';
  return farms.map(farmPart).join('\n');
}

function farmPart({ name, proxy, silent, traffic, servers }: FarmStatus): string {
  const up = servers.filter(({ state }) => state === 'up').length;
  return [
    `<article data-farm="${safe(name)}"><h3><span class="mono">${safe(name)}</span> `,
    `<span class="soft">${up} of ${servers.length} servers up, behind ${safe(proxy)}</span></h3>`,
    silent === undefined ? '' : `<p class="alarm">${safe(silent)}</p>`,
    traffic
      ? [
          '<dl class="tiles small">',
          tile(`${traffic.rate}/s`, 'requests now'),
          tile(String(traffic.requests), 'requests'),
          tile(String(traffic.sessions), 'open sessions'),
          tile(String(traffic.errors), 'errors', traffic.errors > 0 ? 'bad' : ''),
          tile(roughly(traffic.received_bytes), 'received'),
          tile(roughly(traffic.sent_bytes), 'sent'),
          '</dl>',
        ].join('')
      : '',
    table(servers),
    '</article>',
  ].join('');
}

const HEADS = ['Server', 'State', 'Sessions', 'Requests', 'Errors', 'Last check'];

function table(servers: readonly FarmServer[]): string {
  const heads = HEADS.map((head) => `<th scope="col">${head}</th>`).join('');
  const rows = servers.map(serverRow).join('\n');
  return `<table><thead><tr>${heads}</tr></thead><tbody>${rows}</tbody></table>`;
}

const TONE: Record<ServerState, Severity> = {
  up: 'good',
  draining: 'wait',
  maintenance: 'wait',
  down: 'bad',
  unknown: 'idle',
};

function serverRow({ name, state, since, traffic, check }: FarmServer): string {
  const long = since === undefined ? '' : `for ${formatDuration(since * 1000)}`;
  const count = (value: number | undefined) =>
    value === undefined ? '<span class="soft">–</span>' : `<span class="value">${value}</span>`;
  const tone = TONE[state];
  return [
    `<tr class="${tone}"><th scope="row"><div class="who">${mark(tone)}<div><span class="mono strong">${safe(name)}</span></div></div></th>`,
    cell('State', `<span class="state">${state}</span><span class="soft">${long}</span>`),
    cell('Sessions', count(traffic?.sessions)),
    cell('Requests', count(traffic?.requests)),
    cell('Errors', count(traffic?.errors)),
    cell('Last check', `<span class="soft">${safe(check ?? '–')}</span>`),
    '</tr>',
  ].join('');
}
