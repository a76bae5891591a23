import type { FarmServer, FarmStatus } from '../model/farm-status.js';
import { formatBytes, formatDuration } from '../model/format.js';
import { printable } from '../model/printable.js';
import { renderTable } from './table.js';

const HEADER = ['SERVER', 'STATE', 'SINCE', 'SESSIONS', 'REQUESTS', 'RATE', 'ERRORS', 'CHECK'];

/** What `farm status` prints: each farm's own line, and a table of its servers; an empty line between two. */
export function farmTables(farms: readonly FarmStatus[]): string {
  return farms
    .map((farm) => `${headline(farm)}\n${renderTable(HEADER, farm.servers.map(cells))}`)
    .join('\n');
}

function headline({ name, proxy, silent, traffic, servers }: FarmStatus): string {
  if (silent !== undefined) return `farm ${name}: ${printable(silent)}`;
  const up = servers.filter(({ state }) => state === 'up').length;
  const parts = [`${up} of ${servers.length} servers up`, `proxy ${proxy}`];
  if (traffic) {
    parts.push(counted(traffic.sessions, 'session'), counted(traffic.requests, 'request'));
    parts.push(`${traffic.rate}/s`, counted(traffic.errors, 'error'));
    parts.push(`${formatBytes(traffic.received_bytes)} in, ${formatBytes(traffic.sent_bytes)} out`);
  }
  return `farm ${name}: ${parts.join(', ')}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function cells({ name, state, since, traffic, check }: FarmServer): string[] {
  const count = (value: number | undefined) => (value === undefined ? '-' : String(value));
  return [
    name,
    state,
    since === undefined ? '-' : formatDuration(since * 1000),
    count(traffic?.sessions),
    count(traffic?.requests),
    traffic ? `${traffic.rate}/s` : '-',
    count(traffic?.errors),
    check ?? '-',
  ];
}
