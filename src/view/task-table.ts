import { formatDuration } from '../model/format.js';
import type { FarmTasks, ListedTask } from '../model/listed-task.js';
import { renderTable } from './tables.js';

/** The output of `ps` for a stack on a swarm. */
export function taskTable(tasks: readonly ListedTask[], now = Date.now()): string {
  const rows = tasks.map(({ name, image, node, node_state, state, since, ports, error }) => [
    name,
    image,
    node === null ? '-' : node_state === 'ready' ? node : `${node} (${node_state})`,
    error === undefined ? state : `${state}: ${error}`,
    formatDuration(Math.max(0, Math.floor((now - Date.parse(since)) / 1000)) * 1000),
    ports.join(',') || '-',
  ]);
  return renderTable(['NAME', 'IMAGE', 'NODE', 'STATE', 'FOR', 'PUBLISHED'], rows);
}

/** The output of `farm status` for farms on a swarm. */
export function farmTaskTables(farms: readonly FarmTasks[], now = Date.now()): string {
  return farms
    .map((farm) => `${headline(farm)}\n${taskTable([...farm.servers, ...farm.proxies], now)}`)
    .join('\n');
}

function headline({ name, proxy, desired, servers, proxies }: FarmTasks): string {
  const running = (tasks: readonly ListedTask[]) =>
    tasks.filter(({ state, node_state }) => state === 'running' && node_state === 'ready').length;
  const up = `${running(servers)} of ${desired.servers} servers run`;
  return `farm ${name}: ${up}, ${running(proxies)} of ${desired.proxies} proxies (${proxy})`;
}
