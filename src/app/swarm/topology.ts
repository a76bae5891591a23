import { byName } from '../../model/address.js';
import type { Row } from '../../model/resource.js';
import type { NetworkSpec, ServiceSpec } from '../../model/swarm.js';
import type { BridgeNode, ContainerNode, Severity, Topology } from '../../model/topology.js';
import { objectName, proxyOf } from '../../swarm/desired/names.js';
import type { SwarmProbe } from '../../swarm/probe.js';
import { ofStack } from '../plan-resources.js';

/** The topology of a stack on a swarm now: its services, with the number of their tasks, and networks. */
export function swarmTopology(stack: string, all: readonly Row[], probe: SwarmProbe): Topology {
  const rows = ofStack(stack, all);
  const networks = ofKind<NetworkSpec>(rows, 'network');
  const services = ofKind<ServiceSpec>(rows, 'service');
  const containers = services.map((row) => serviceNode(row, networks, probe));
  const servers = services.filter(({ spec }) => spec.rotation);
  return {
    stack,
    bridges: networks.map((row) => networkNode(row, probe)),
    containers,
    farms: servers.map(({ name }) => {
      const farm = name.replace(/-server$/, '');
      return { name: farm, proxy: proxyOf(farm), servers: [name] };
    }),
    volumes: [...new Set(containers.flatMap((each) => each.volumes))].sort(byName),
  };
}

const ofKind = <Spec>(rows: readonly Row[], kind: Row['kind']) =>
  (rows.filter((row) => row.kind === kind) as Row<Spec>[]).sort((a, b) => byName(a.name, b.name));

function networkNode({ name, spec }: Row<NetworkSpec>, probe: SwarmProbe): BridgeNode {
  const isThere = probe.cluster.networks.some((each) => each.name === spec.id);
  const { isolated } = spec;
  return { name, state: isThere ? 'up' : 'missing', subnet: 'overlay', isolated };
}

function serviceNode(
  { name, stack, spec }: Row<ServiceSpec>,
  networks: readonly Row<NetworkSpec>[],
  probe: SwarmProbe,
): ContainerNode {
  const seen = probe.cluster.services.find((each) => each.name === spec.id);
  const { running = 0, desired = 0 } = seen ?? {};
  const on = networks.filter((row) => Object.hasOwn(spec.networks, row.spec.id));
  const prefix = objectName(stack, '');
  const named = spec.volumes.filter(({ type }) => type === 'volume').map(({ source }) => source);
  return {
    ...{ name, stack, image: spec.image, publish: spec.publish, limits: { ...spec.limits } },
    ...{ status: seen ? (running > 0 ? 'running' : 'stopped') : 'missing', on_host: false },
    tone: seen ? toneOf(running, desired) : 'bad',
    ...(seen && { tasks: { running, desired } }),
    ...(spec.held && { held: spec.held.differs }),
    addresses: Object.fromEntries(on.map((row) => [row.name, null])),
    volumes: named.map((source) => source.replace(prefix, '')).sort(byName),
  };
}

function toneOf(running: number, desired: number): Severity {
  if (desired === 0) return 'idle';
  if (running === 0) return 'bad';
  return running < desired ? 'wait' : 'good';
}
