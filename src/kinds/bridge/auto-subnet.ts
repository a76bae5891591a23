import type { BridgeEntry, BridgeSource, Config } from '../../model/config.js';
import {
  addressProblem,
  formatIp,
  formatSubnet,
  nthAddress,
  parseSubnet,
  type Subnet,
} from '../../model/ipv4.js';
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

const isAuto = ({ subnet, host }: BridgeSource) => subnet === AUTO || host === AUTO;

/** Whether a bridge of this stack has an automatic subnet that is not recorded yet. */
export function needsSubnet({ name, bridges }: Config, rows: readonly Row[]): boolean {
  return Object.entries(bridges).some(
    ([bridge, entry]) =>
      !entry.external && entry.subnet === AUTO && !recordedSubnet(rows, name, bridge),
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
    const recorded = recordedSubnet(rows, config.name, bridge);
    const subnet =
      entry.subnet === AUTO
        ? (recorded?.subnet ?? freeSubnet(`${config.name} ${bridge}`, taken, problem))
        : entry.subnet;
    const own = { ...entry, ...(subnet !== undefined && { subnet }) };
    return [bridge, entry.host === AUTO ? { ...own, host: hostOn(subnet, recorded?.host) } : own];
  });
  return { ...config, bridges: Object.fromEntries(bridges) };
}

function recordedSubnet(
  rows: readonly Row[],
  stack: string,
  bridge: string,
): BridgeSpec | undefined {
  const row = rows.find(
    (each) => each.kind === 'bridge' && each.stack === stack && each.name === bridge,
  );
  const spec = row?.spec as BridgeSpec | undefined;
  return spec?.subnet === undefined ? undefined : spec;
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
