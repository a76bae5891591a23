import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { byName } from '../../model/address.js';
import { clustersIn } from '../../model/install-paths.js';
import type { ListedStack } from '../../model/listed-stack.js';
import { readStackFiles } from '../../state/aux-tables.js';
import { locateInstallation } from '../../state/installation.js';
import { openState } from '../../state/state.js';
import { swarmKinds } from '../../swarm/kinds/index.js';
import { tablesOf } from '../context.js';

/** The stacks on swarms that are recorded below a root; no cluster is asked. */
export function swarmStacks(root: string): ListedStack[] {
  const clusters = readdirSync(clustersIn(root)).sort();
  return clusters.flatMap((cluster) => stacksOf(join(clustersIn(root), cluster), cluster));
}

function stacksOf(root: string, cluster: string): ListedStack[] {
  const { rows } = openState(locateInstallation(root), tablesOf(swarmKinds));
  const files = readStackFiles(root);
  return [...new Set(rows.map(({ stack }) => stack))].sort(byName).map((name) => {
    const file = files.get(name);
    const resources = rows.filter(({ stack }) => stack === name).length;
    const about = { name, engine: 'swarm' as const, cluster, containers: {}, resources };
    return { ...about, ...(file !== undefined && { file }) };
  });
}
