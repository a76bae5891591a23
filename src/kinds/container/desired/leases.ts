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
import {
  addressProblem6,
  contains6,
  formatIp6,
  lastAddress6,
  parseIp6,
  parseSubnet6,
  type Subnet6,
} from '../../../model/ipv6.js';
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
  const recorded = recordedAddresses(context, 'address');
  let recorded6: typeof recorded | undefined;
  for (const [name, spec] of bridges) {
    const members = membersOf.get(name) ?? [];
    checkPortCount(name, members, context);
    const range = rangeOf(spec);
    if (range) leaseOn(name, spec, range, members, recorded, context, leases);
    const range6 = range6Of(spec);
    if (!range6) continue;
    recorded6 ??= recordedAddresses(context, 'address6');
    // a way out has IPv4 alone
    const others = members.filter(({ egress }) => !egress);
    leaseOn(name, spec, range6, others, recorded6, context, leases);
  }
  return (container, bridge, version = 4) =>
    leases.get(key(container, bridge, version === 4 ? 'address' : 'address6'));
}

type AddressKey = 'address' | 'address6';

function key(container: string, bridge: string, which: AddressKey): string {
  return `${container} ${bridge} ${which}`;
}

/** What is leased on a bridge: addresses of one IP version. */
interface LeaseRange {
  which: AddressKey;
  /** For the message that all are in use. */
  text: string;
  reserved: (string | undefined)[];
  contains(address: string): boolean;
  problem(address: string): string | undefined;
  /** In order; skips those taken while iterating. */
  free(taken: ReadonlySet<string>, from: 'bottom' | 'top'): Generator<string>;
}

function rangeOf({ subnet: text, range, host, gateway }: BridgeSpec): LeaseRange | undefined {
  const subnet = text === undefined ? undefined : parseSubnet(text);
  if (!subnet) return undefined;
  return {
    which: 'address',
    text: range ?? text ?? '',
    reserved: [host, gateway],
    contains: (address) => {
      const number = parseIp(address);
      return number !== undefined && contains(subnet, number);
    },
    problem: (address) => addressProblem(address, subnet),
    free: (taken, from) => freeAddresses(subnet, range, taken, from),
  };
}

function range6Of({ subnet6: text, host6, gateway6 }: BridgeSpec): LeaseRange | undefined {
  const subnet = text === undefined ? undefined : parseSubnet6(text);
  if (!subnet) return undefined;
  return {
    which: 'address6',
    text: text ?? '',
    reserved: [host6, gateway6],
    contains: (address) => {
      const number = parseIp6(address);
      return number !== undefined && contains6(subnet, number);
    },
    problem: (address) => addressProblem6(address, subnet),
    free: (taken, from) => freeAddresses6(subnet, taken, from),
  };
}

function leaseOn(
  bridge: string,
  spec: BridgeSpec,
  range: LeaseRange,
  members: Instance[],
  all: { own: ByBridge; foreign: ByBridge },
  context: Context,
  leases: Map<string, string>,
): void {
  // other stacks may use another name for this bridge, or this name for another bridge
  const recorded: Addresses = all.own.get(bridge) ?? new Map();
  const foreign: Addresses = all.foreign.get(spec.link) ?? new Map();
  const taken = new Set([
    ...range.reserved.filter((each) => each !== undefined),
    ...foreign.keys(),
  ]);
  const dynamic: Instance[] = [];
  for (const member of members) {
    const address = member.entry.bridges[bridge]?.[range.which];
    if (address === undefined) dynamic.push(member);
    else {
      const problem = problemOf(address, bridge, range, spec, foreign);
      if (problem) throw unusable(member, bridge, problem, context);
      take(member.name, address);
    }
  }
  const fresh = dynamic.filter(({ name }) => !keep(name, recorded.get(name)));
  for (const address of recorded.values()) taken.add(address);
  const [low, high] = (['bottom', 'top'] as const).map((from) => range.free(taken, from));
  for (const member of fresh) {
    const address = (member.spare ? high : low)?.next().value;
    if (address === undefined) throw subnetFull(bridge, range, spec, member, context);
    take(member.name, address);
  }

  function take(name: string, address: string): void {
    taken.add(address);
    leases.set(key(name, bridge, range.which), address);
  }

  function keep(name: string, address: string | undefined): boolean {
    if (address === undefined || !range.contains(address) || taken.has(address)) return false;
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

/** Enough for all ports of a bridge, and short to write. */
const LAST6 = 0xfffen;

function* freeAddresses6(subnet: Subnet6, taken: ReadonlySet<string>, from: 'bottom' | 'top') {
  const { network } = subnet;
  const whole = lastAddress6(subnet) - network;
  const last = whole < LAST6 ? whole : LAST6;
  for (let n = 1n; n <= last; n += 1n) {
    const address = formatIp6(network + (from === 'top' ? last + 1n - n : n));
    if (!taken.has(address)) yield address;
  }
}

/**
 * Problems that the checks of the file could not find, because the bridge or its other containers
 * are not in the file.
 */
function problemOf(
  address: string,
  bridge: string,
  { reserved: [host, gateway], problem }: LeaseRange,
  { uplink }: BridgeSpec,
  foreign: ReadonlyMap<string, string>,
): string | undefined {
  if (address === host) return `${address} is the address of the host on bridge ${bridge}`;
  if (address === gateway && uplink) return `${address} is the gateway of bridge ${bridge}`;
  const owner = foreign.get(address);
  return owner ? `${address} is in use by ${owner}` : problem(address);
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
type ByBridge = ReadonlyMap<string, Addresses>;

/**
 * The recorded addresses: for this stack's containers, bridge name → container → address; for all
 * others, bridge interface → address → owner.
 */
function recordedAddresses(context: Context, which: AddressKey) {
  const own = new Map<string, Map<string, string>>();
  const foreign = new Map<string, Map<string, string>>();
  const add = (all: typeof own, bridge: string, key: string, value: string) => {
    const known = all.get(bridge) ?? new Map();
    all.set(bridge, known.set(key, value));
  };
  for (const row of context.rows) {
    if (row.kind !== 'container') continue;
    const isOther = isOthers(row, context);
    for (const { bridge, bridge_link, [which]: cidr } of (row.spec as ContainerSpec).links) {
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
  { text, which }: LeaseRange,
  { range }: BridgeSpec,
  { name, spare }: Instance,
  { config }: Context,
): UserError {
  const remedy = spare ? 'update: {order: stop-first} in its farm' : 'fewer replicas';
  return new UserError(
    `${config.where(['bridges', bridge])}: no address left for container ${name}: all of ${text} on bridge ${bridge} are in use`,
    `Use a larger ${which === 'address6' ? 'subnet6' : range === undefined ? 'subnet' : 'range'}, or ${remedy}.`,
  );
}
