import { recordedFarms } from '../farm/status.js';
import type { Probe } from '../host/ports.js';
import { kinds } from '../kinds/index.js';
import { byName } from '../model/address.js';
import type { InstallPaths } from '../model/install-paths.js';
import type { Row } from '../model/resource.js';
import type { BridgeSpec, ContainerSpec, VolumeSpec } from '../model/specs.js';
import {
  type BridgeNode,
  type ContainerNode,
  severityOf,
  type Topology,
} from '../model/topology.js';
import { describeContainers } from './container-list.js';

/** The topology of a stack on the host now. `rows` are of every stack, because bridges can be shared. */
export function topologyOf(
  stack: string,
  rows: readonly Row[],
  probe: Probe,
  paths: InstallPaths,
): Topology {
  const own = rows.filter((row) => row.stack === stack);
  const volumes = ofKind<VolumeSpec>(own, 'volume');
  const listed = ofKind<ContainerSpec>(own, 'container');
  const described = describeContainers(listed, probe, paths);
  const specs = new Map(listed.map(({ name, spec }) => [name, spec]));
  const containers = described.map((each): ContainerNode => {
    const spec = specs.get(each.name) as ContainerSpec;
    const { mounts, restart, publish = [], host_network: onHost = false } = spec;
    const mounted = volumes.filter((row) => mounts.some(({ source }) => source === row.spec.path));
    const tone = severityOf(each, restart);
    return { ...each, tone, volumes: namesOf(mounted), publish, on_host: onHost };
  });
  const bridges = bridgesOf(stack, rows, listed).map((row) => bridgeNode(row, stack, probe, paths));
  return {
    stack,
    bridges: byDistance(
      bridges.sort((a, b) => byName(a.name, b.name)),
      containers,
    ),
    containers,
    farms: recordedFarms(own),
    volumes: namesOf(volumes),
  };
}

function ofKind<Spec>(rows: readonly Row[], kind: Row['kind']): Row<Spec>[] {
  return rows.filter((row) => row.kind === kind) as Row<Spec>[];
}

const namesOf = (rows: readonly Row[]) => rows.map(({ name }) => name).sort(byName);

/** The stack's own bridges, and others that its containers are on. */
function bridgesOf(
  stack: string,
  rows: readonly Row[],
  containers: readonly Row<ContainerSpec>[],
): Row<BridgeSpec>[] {
  const links = containers.flatMap(({ spec }) => spec.links.map((each) => each.bridge_link));
  const used = new Set(links);
  return ofKind<BridgeSpec>(rows, 'bridge').filter(
    (row) => row.stack === stack || used.has(row.spec.link),
  );
}

function bridgeNode(
  row: Row<BridgeSpec>,
  stack: string,
  probe: Probe,
  paths: InstallPaths,
): BridgeNode {
  const { uplink, isolated, subnet6, host6, subnet = subnet6, host = host6 } = row.spec;
  const seen = kinds.bridge.observe(row.spec, undefined, probe, paths);
  return {
    name: row.name,
    state: seen ? (seen.up ? 'up' : 'down') : 'missing',
    isolated,
    ...(subnet !== undefined && { subnet }),
    ...(host !== undefined && { host }),
    ...(uplink !== undefined && { uplink }),
    ...(row.stack !== stack && { owner: row.stack }),
  };
}

/** Ordered as requests flow, from the host. */
function byDistance(
  bridges: readonly BridgeNode[],
  containers: readonly ContainerNode[],
): BridgeNode[] {
  const left = new Set(bridges);
  const ordered: BridgeNode[] = [];
  const take = (found: BridgeNode[]) => {
    for (const each of found) left.delete(each);
    ordered.push(...found);
  };
  take(bridges.filter(({ host, uplink }) => host !== undefined || uplink !== undefined));
  while (left.size > 0) {
    const reached = new Set(ordered.map(({ name }) => name));
    const through = containers
      .map(({ addresses }) => Object.keys(addresses))
      .filter((names) => names.some((name) => reached.has(name)));
    const next = [...left].filter(({ name }) => through.some((names) => names.includes(name)));
    take(next.length > 0 ? next : [...left].slice(0, 1));
  }
  return ordered;
}

/** Writes the picture of a topology. */
export async function writeGraph(path: string, text: string): Promise<void> {
  const { writeOutput } = await import('../host/linux/files/write-output.js');
  await writeOutput(path, text);
}
