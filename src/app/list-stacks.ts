import { existsSync } from 'node:fs';
import { byName, IMPERATIVE_STACK } from '../model/address.js';
import { clustersIn } from '../model/install-paths.js';
import type { ListedStack } from '../model/listed-stack.js';
import { readStackFiles } from '../state/aux-tables.js';
import { describeContainers } from './container-list.js';
import type { Context } from './context.js';

/** All stacks of the root that have anything, by name; after those of this host, those on swarms. */
export async function listStacks(context: Context): Promise<ListedStack[]> {
  const { root } = context.paths;
  const own = await localStacks(context);
  if (!existsSync(clustersIn(root))) return own;
  const { swarmStacks } = await import('./swarm/list.js');
  return [...own, ...swarmStacks(root)];
}

async function localStacks(context: Context): Promise<ListedStack[]> {
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
    return {
      name,
      engine: 'local',
      containers: counts,
      resources,
      ...(file !== undefined && { file }),
    };
  });
}
