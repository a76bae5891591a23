import { byName, IMPERATIVE_STACK } from '../model/address.js';
import type { ListedContainer } from '../model/listed-container.js';
import { readStackFiles } from '../state/aux-tables.js';
import { describeContainers } from './container-list.js';
import type { Context } from './context.js';

/** A stack as `ls --json` has it. */
export interface ListedStack {
  /** `-` for what imperative commands made. */
  name: string;
  /** Number of containers by status. */
  containers: Partial<Record<ListedContainer['status'], number>>;
  /** Number of all its resources. */
  resources: number;
  /** The file that it was last applied from; absent if unknown. */
  file?: string;
}

/** All stacks of the root that have anything, by name. */
export async function listStacks(context: Context): Promise<ListedStack[]> {
  const { rows } = context.state();
  const containers = rows.filter(({ kind }) => kind === 'container');
  const listed = describeContainers(containers, await context.probe(), context.paths);
  const files = readStackFiles(context.paths.root);
  return [...new Set(rows.map(({ stack }) => stack))].sort(byName).map((name) => {
    const counts: ListedStack['containers'] = {};
    for (const { stack, status } of listed) {
      if (stack === name) counts[status] = (counts[status] ?? 0) + 1;
    }
    const file = name === IMPERATIVE_STACK ? undefined : files.get(name);
    const resources = rows.filter(({ stack }) => stack === name).length;
    return { name, containers: counts, resources, ...(file !== undefined && { file }) };
  });
}
