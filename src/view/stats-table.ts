import { formatBytes } from '../model/format.js';
import type { ContainerStats } from '../model/usage.js';
import { renderTable } from './table.js';

const HEADER = ['NAME', 'CPU', 'MEMORY', 'LIMIT', 'PIDS', 'READ', 'WRITTEN', 'RECEIVED', 'SENT'];

/** What `stats` prints; the last two count what happened since the start. */
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
  return renderTable([...(stacks ? ['STACK'] : []), ...HEADER, 'THROTTLED', 'OOM'], rows);
}

/** No device may mean no access, or a kernel that does not count. */
function total(bytes: number[]): string {
  return bytes.length === 0 ? '-' : formatBytes(bytes.reduce((sum, each) => sum + each, 0));
}
