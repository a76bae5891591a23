import type { BridgeEntry, BridgeSource, Config } from '../../model/config.js';
import {
  addressProblem,
  formatIp,
  formatSubnet,
  nthAddress,
  parseSubnet,
  type Subnet,
} from '../../model/ipv4.js';
import {
  addressProblem6,
  formatIp6,
  formatSubnet6,
  overlap6,
  parseSubnet6,
} from '../../model/ipv6.js';
import { digest } from '../../model/json.js';
import type { Row } from '../../model/resource.js';
import type { BridgeSpec } from '../../model/specs.js';
import { SubnetIndex } from '../../model/subnets.js';

/** In the file: a subnet, or the host's address on it, that baleine chooses. */
export const AUTO = 'auto';

/** Subnets are chosen from here: private (RFC 1918), and rarely used by networks of offices and homes. */
const POOL = parseSubnet('10.64.0.0/10') as Subnet;
const PREFIX = 24;
const SIZE = 2 ** (32 - PREFIX);
const COUNT = 2 ** (PREFIX - POOL.prefix);

/** Why the host cannot have a bridge with this subnet; undefined if it can. */
export type SubnetProblem = (bridge: BridgeSpec) => string | undefined;

const isAuto = (entry: BridgeSource) =>
  [entry.subnet, entry.host, entry.subnet6, entry.host6].includes(AUTO);

/** Whether a bridge of this stack has an automatic subnet that is not recorded yet. */
export function needsSubnet({ name, bridges }: Config, rows: readonly Row[]): boolean {
  return Object.entries(bridges).some(
    ([bridge, entry]) =>
      !entry.external &&
      ((entry.subnet === AUTO && !recordedSpec(rows, name, bridge)?.subnet) ||
        (entry.subnet6 === AUTO && !recordedSpec(rows, name, bridge)?.subnet6)),
  );
}

/**
 * The config with a subnet in place of each `auto`: the recorded one; else one that no other bridge
 * and no interface or route of the host overlaps. Where to begin follows from the names, so that two
 * hosts choose the same for the same stack where they can.
 *
 * @param problem asked for each subnet that no bridge has
 */
export function withSubnets(
  config: Config,
  rows: readonly Row[],
  problem: SubnetProblem = () => undefined,
): Config {
  const entries = Object.entries(config.bridges);
  if (!entries.some(([, entry]) => !entry.external && isAuto(entry))) return config;
  const taken = takenSubnets(config, rows);
  const bridges = entries.map(([bridge, entry]): [string, BridgeEntry] => {
    if (entry.external || !isAuto(entry)) return [bridge, entry];
    const recorded = recordedSpec(rows, config.name, bridge);
    const name = `${config.name} ${bridge}`;
    const subnet =
      entry.subnet === AUTO ? (recorded?.subnet ?? freeSubnet(name, taken, problem)) : entry.subnet;
    const subnet6 =
      entry.subnet6 === AUTO
        ? (recorded?.subnet6 ?? freeSubnet6(name, config, rows, problem))
        : entry.subnet6;
    const own = {
      ...entry,
      ...(subnet !== undefined && { subnet }),
      ...(subnet6 !== undefined && { subnet6 }),
      ...(entry.host === AUTO && { host: hostOn(subnet, recorded?.host) }),
      ...(entry.host6 === AUTO && { host6: hostOn6(subnet6, recorded?.host6) }),
    };
    return [bridge, own];
  });
  return { ...config, bridges: Object.fromEntries(bridges) };
}

function recordedSpec(rows: readonly Row[], stack: string, bridge: string): BridgeSpec | undefined {
  const row = rows.find(
    (each) => each.kind === 'bridge' && each.stack === stack && each.name === bridge,
  );
  return row?.spec as BridgeSpec | undefined;
}

/** Of all recorded bridges, and of those that the file gives one. */
function takenSubnets({ bridges }: Config, rows: readonly Row[]): SubnetIndex<true> {
  const taken = new SubnetIndex<true>();
  const add = (text: string | undefined) => {
    const subnet = text === undefined || text === AUTO ? undefined : parseSubnet(text);
    if (subnet) taken.add(true, subnet);
  };
  for (const row of rows) if (row.kind === 'bridge') add((row.spec as BridgeSpec).subnet);
  for (const entry of Object.values(bridges)) if (!entry.external) add(entry.subnet);
  return taken;
}

/** Undefined if all are taken, which the plan then reports: the bridge has no subnet. */
function freeSubnet(
  name: string,
  taken: SubnetIndex<true>,
  problem: SubnetProblem,
): string | undefined {
  const first = Number.parseInt(digest(name, 8), 16) % COUNT;
  for (let i = 0; i < COUNT; i += 1) {
    const network = POOL.network + ((first + i) % COUNT) * SIZE;
    const subnet = { network, prefix: PREFIX };
    if (taken.overlapping(subnet)) continue;
    const text = formatSubnet(subnet);
    const host = hostOn(text);
    if (problem({ link: '', alias: '', subnet: text, host, isolated: false })) continue;
    taken.add(true, subnet);
    return text;
  }
  return undefined;
}

/** The first address of a subnet, unless the recorded one is in it. */
function hostOn(text: string | undefined, recorded?: string): string {
  const subnet = text === undefined ? undefined : parseSubnet(text);
  if (!subnet) return '';
  if (recorded !== undefined && !addressProblem(recorded, subnet)) return recorded;
  return formatIp(nthAddress(subnet, 1) ?? subnet.network + 1);
}

/** Attempts to find a /64 of which nobody has a part; each has 56 bits that follow from the names. */
const TRIES = 100;

/** A unique local subnet (RFC 4193), `fd5e:93b0:7c1f:a04e::/64`. Undefined if none is free. */
function freeSubnet6(
  name: string,
  { bridges }: Config,
  rows: readonly Row[],
  problem: SubnetProblem,
): string | undefined {
  const known = [
    ...rows.flatMap(({ kind, spec }) => (kind === 'bridge' ? (spec as BridgeSpec).subnet6 : [])),
    ...Object.values(bridges).map((entry) => (entry.external ? undefined : entry.subnet6)),
  ];
  const taken = known.flatMap((text) => (text === undefined ? [] : (parseSubnet6(text) ?? [])));
  for (let i = 0; i < TRIES; i += 1) {
    const bits = BigInt(`0xfd${digest(i === 0 ? name : `${name} ${i}`, 14)}`);
    const subnet = { network: bits << 64n, prefix: 64 };
    if (taken.some((each) => overlap6(each, subnet))) continue;
    const text = formatSubnet6(subnet);
    const own = { link: '', alias: '', subnet6: text, host6: hostOn6(text), isolated: false };
    if (!problem(own)) return text;
  }
  return undefined;
}

/** As `hostOn`. */
function hostOn6(text: string | undefined, recorded?: string): string {
  const subnet = text === undefined ? undefined : parseSubnet6(text);
  if (!subnet) return '';
  if (recorded !== undefined && !addressProblem6(recorded, subnet)) return recorded;
  return formatIp6(subnet.network + 1n);
}
