import { UserError } from '../../../model/errors.js';
import type { Instance } from '../../../model/instance.js';
import type { Subnet } from '../../../model/ipv4.js';
import {
  addressProblem,
  broadcastOf,
  capacity,
  contains,
  formatIp,
  nthAddress,
  parseIp,
  parseSubnet,
} from '../../../model/ipv4.js';
import type { BridgeSpec, ContainerSpec } from '../../../model/specs.js';
import { type Context, isOthers, type Leases } from '../../desired-context.js';

/** An interface has one bridge; a bridge has at most 1023 ports (BR_MAX_PORTS of the kernel). */
const MAX_PORTS = 1023;

/**
 * Static addresses first, then recorded ones that still fit, then the lowest free ones. Recorded
 * addresses of containers about to be deleted are still in use and not reassigned. Spares get the
 * highest free addresses, so that they usually get the same one although none is recorded.
 */
export function leaseAddresses(
  instances: Instance[],
  bridges: ReadonlyMap<string, BridgeSpec>,
  context: Context,
): Leases {
  const leases = new Map<string, string>();
  const membersOf = membersByBridge(instances);
  const recorded = recordedAddresses(context);
  for (const [name, spec] of bridges) {
    const members = membersOf.get(name) ?? [];
    checkPortCount(name, members, context);
    const subnet = spec.subnet === undefined ? undefined : parseSubnet(spec.subnet);
    if (!subnet) continue;
    // other stacks may use another name for this bridge, or this name for another bridge
    const own = recorded.own.get(name) ?? new Map();
    const foreign = recorded.foreign.get(spec.link) ?? new Map();
    leaseOn(name, subnet, spec, members, { own, foreign }, context, leases);
  }
  return (container, bridge) => leases.get(key(container, bridge));
}

function key(container: string, bridge: string): string {
  return `${container} ${bridge}`;
}

function leaseOn(
  bridge: string,
  subnet: Subnet,
  spec: BridgeSpec,
  members: Instance[],
  recorded: { own: Addresses; foreign: Addresses },
  context: Context,
  leases: Map<string, string>,
): void {
  const { host, gateway } = spec;
  const own = [host, gateway].filter((each) => each !== undefined);
  const taken = new Set([...own, ...recorded.foreign.keys()]);
  const dynamic: Instance[] = [];
  for (const member of members) {
    const address = member.entry.bridges[bridge]?.address;
    if (address === undefined) dynamic.push(member);
    else {
      const problem = problemOf(address, bridge, subnet, spec, recorded.foreign);
      if (problem) throw unusable(member, bridge, problem, context);
      take(member.name, address);
    }
  }
  const fresh = dynamic.filter(({ name }) => !keep(name, recorded.own.get(name)));
  for (const address of recorded.own.values()) taken.add(address);
  const [low, high] = (['bottom', 'top'] as const).map((from) =>
    freeAddresses(subnet, spec.range, taken, from),
  );
  for (const member of fresh) {
    const address = (member.spare ? high : low)?.next().value;
    if (address === undefined) throw subnetFull(bridge, spec, member, context);
    take(member.name, address);
  }

  function take(name: string, address: string): void {
    taken.add(address);
    leases.set(key(name, bridge), address);
  }

  function keep(name: string, address: string | undefined): boolean {
    const number = address === undefined ? undefined : parseIp(address);
    if (address === undefined || number === undefined) return false;
    if (!contains(subnet, number) || taken.has(address)) return false;
    take(name, address);
    return true;
  }
}

/** Free addresses in order; skips those taken while iterating. */
function* freeAddresses(
  subnet: Subnet,
  range: string | undefined,
  taken: ReadonlySet<string>,
  from: 'bottom' | 'top',
) {
  const part = (range === undefined ? undefined : parseSubnet(range)) ?? subnet;
  const first = Math.max(part.network - subnet.network, 1);
  const last = Math.min(broadcastOf(part) - subnet.network, capacity(subnet));
  for (let n = first; n <= last; n += 1) {
    const address = nthAddress(subnet, from === 'top' ? last + first - n : n);
    if (address !== undefined && !taken.has(formatIp(address))) yield formatIp(address);
  }
}

/**
 * Problems that the checks of the file could not find, because the bridge or its other containers
 * are not in the file.
 */
function problemOf(
  address: string,
  bridge: string,
  subnet: Subnet,
  { host, gateway, uplink }: BridgeSpec,
  foreign: ReadonlyMap<string, string>,
): string | undefined {
  if (address === host) return `${address} is the address of the host on bridge ${bridge}`;
  if (address === gateway && uplink) return `${address} is the gateway of bridge ${bridge}`;
  const owner = foreign.get(address);
  return owner ? `${address} is in use by ${owner}` : addressProblem(address, subnet);
}

function unusable({ path, name }: Instance, bridge: string, problem: string, { config }: Context) {
  return new UserError(
    `${config.where([...path, 'bridges', bridge])}: cannot assign the address of container ${name}: ${problem}`,
    'Choose another address, or remove it to have one assigned.',
  );
}

function membersByBridge(instances: Instance[]): Map<string, Instance[]> {
  const members = new Map<string, Instance[]>();
  for (const instance of instances) {
    for (const bridge of Object.keys(instance.entry.bridges)) {
      const others = members.get(bridge);
      if (others) others.push(instance);
      else members.set(bridge, [instance]);
    }
  }
  return members;
}

type Addresses = ReadonlyMap<string, string>;

/**
 * The recorded addresses: for this stack's containers, bridge name → container → address; for all
 * others, bridge interface → address → owner.
 */
function recordedAddresses(context: Context) {
  const own = new Map<string, Map<string, string>>();
  const foreign = new Map<string, Map<string, string>>();
  const add = (all: typeof own, bridge: string, key: string, value: string) => {
    const known = all.get(bridge) ?? new Map();
    all.set(bridge, known.set(key, value));
  };
  for (const row of context.rows) {
    if (row.kind !== 'container') continue;
    const isOther = isOthers(row, context);
    for (const { bridge, bridge_link, address: cidr } of (row.spec as ContainerSpec).links) {
      const address = cidr?.split('/')[0];
      if (address === undefined) continue;
      if (isOther) add(foreign, bridge_link, address, `${row.name} of stack ${row.stack}`);
      else add(own, bridge, row.name, address);
    }
  }
  return { own, foreign };
}

function checkPortCount(bridge: string, members: Instance[], { config }: Context): void {
  if (members.length <= MAX_PORTS) return;
  throw new UserError(
    `${config.where(['bridges', bridge])}: ${members.length} containers on bridge ${bridge}, but a Linux bridge has at most ${MAX_PORTS} ports`,
    'Spread them over several bridges.',
  );
}

function subnetFull(
  bridge: string,
  { subnet = '', range }: BridgeSpec,
  { name, spare }: Instance,
  { config }: Context,
): UserError {
  const remedy = spare ? 'update: {order: stop-first} in its farm' : 'fewer replicas';
  return new UserError(
    `${config.where(['bridges', bridge])}: no address left for container ${name}: all of ${range ?? subnet} on bridge ${bridge} are in use`,
    `Use a larger ${range === undefined ? 'subnet' : 'range'}, or ${remedy}.`,
  );
}
