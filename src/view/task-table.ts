import { formatDuration } from '../model/format.js';
import type { ListedTask } from '../model/listed-task.js';
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
