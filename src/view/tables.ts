import type { LoggedEvent } from '../model/events.js';
import type { FarmServer, FarmStatus } from '../model/farm-status.js';
import { formatBytes, formatDuration } from '../model/format.js';
import { printable } from '../model/printable.js';
import type { ContainerStats } from '../model/usage.js';

const FARM_HEADER = ['SERVER', 'STATE', 'SINCE', 'SESSIONS', 'REQUESTS', 'RATE', 'ERRORS', 'CHECK'];

/** The output of `farm status`: a line and a table of servers for each farm, separated by empty lines. */
export function farmTables(farms: readonly FarmStatus[]): string {
  return farms
    .map((farm) => `${headline(farm)}\n${renderTable(FARM_HEADER, farm.servers.map(cells))}`)
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

const STATS_HEADER = [
  'NAME',
  'CPU',
  'MEMORY',
  'LIMIT',
  'PIDS',
  'READ',
  'WRITTEN',
  'RECEIVED',
  'SENT',
];

/** The output of `stats`; the last two columns count since the start. */
export function statsTable(
  stats: readonly ContainerStats[],
  { stacks }: { stacks: boolean },
): string {
  const rows = stats.map((each) => [
    ...(stacks ? [each.stack] : []),
    each.name,
    `${each.cpu_percent.toFixed(1)}%`,
    formatBytes(each.memory),
    each.memory_limit === undefined ? '-' : formatBytes(each.memory_limit),
    String(each.pids),
    total(each.io.map(({ read_bytes }) => read_bytes)),
    total(each.io.map(({ write_bytes }) => write_bytes)),
    formatBytes(each.network.received),
    formatBytes(each.network.sent),
    `${each.throttled_time.toFixed(1)}s`,
    String(each.oom_kills),
  ]);
  return renderTable([...(stacks ? ['STACK'] : []), ...STATS_HEADER, 'THROTTLED', 'OOM'], rows);
}

/** Without a device there was no access, or the kernel does not count. */
function total(bytes: number[]): string {
  return bytes.length === 0 ? '-' : formatBytes(bytes.reduce((sum, each) => sum + each, 0));
}

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

/** `2026-11-21 15:02:11`, in local time. */
export function localTime(date: Date): string {
  const two = (number: number) => `${number}`.padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`;
}

/**
 * Columns as wide as their widest cell, separated by two spaces, without trailing spaces; each line
 * ends with a newline. Counts code points, which is right for all names that baleine allows. Every
 * cell is escaped here.
 */
export function renderTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const lines = [header, ...rows].map((line) => line.map(printable));
  const widths = header.map((_, column) =>
    Math.max(...lines.map((line) => [...(line[column] ?? '')].length)),
  );
  return lines
    .map((line) =>
      line
        .map((cell, column) => pad(cell, widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - [...cell].length));
}
