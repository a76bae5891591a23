import type { Probe } from '../host/host.js';
import { kinds } from '../kinds/index.js';
import type { ListedContainer } from '../model/listed-container.js';
import { byName } from '../model/names.js';
import type { Row } from '../model/resource.js';
import type { Site } from '../model/site.js';
import type { ContainerFacts, ContainerSpec } from '../model/specs.js';

/** Rows of containers as they are on the host now, by stack and name. `now` is for tests. */
export function describeContainers(
  rows: readonly Row[],
  probe: Probe,
  site: Site,
  now = Date.now(),
): ListedContainer[] {
  return [...rows]
    .sort((a, b) => byName(a.stack, b.stack) || byName(a.name, b.name))
    .map((row) => describe(row as Row<ContainerSpec, ContainerFacts>, probe, site, now));
}

function describe(
  { name, stack, spec, facts }: Row<ContainerSpec, ContainerFacts>,
  probe: Probe,
  site: Site,
  now: number,
): ListedContainer {
  const addresses = spec.links.map(({ bridge, address }) => [
    bridge,
    address?.split('/')[0] ?? null,
  ]);
  return {
    name,
    stack,
    image: spec.image.name,
    ...life(spec, facts, probe, site, now),
    addresses: Object.fromEntries(addresses),
    limits: spec.limits,
  };
}

type Life = Pick<
  ListedContainer,
  'status' | 'exit_code' | 'out_of_memory' | 'pid' | 'started_at' | 'uptime'
>;

function life(
  spec: ContainerSpec,
  facts: ContainerFacts,
  probe: Probe,
  site: Site,
  now: number,
): Life {
  const seen = kinds.container.observe(spec, facts, probe, site);
  if (!seen) return { status: 'missing' };
  if (!seen.running) {
    const { exit } = seen;
    if (!exit) return { status: 'gone' };
    return { status: 'exited', exit_code: exit.code, out_of_memory: exit.outOfMemory };
  }
  const { pid, started_at } = facts;
  return {
    status: 'running',
    ...(pid !== undefined && { pid }),
    ...(started_at !== undefined && {
      started_at,
      uptime: Math.max(0, now - Date.parse(started_at)),
    }),
  };
}
