import type { BridgeEntry, BridgeSource, Config } from '../../model/config.js';
import type { Lease } from '../../model/dhcp.js';
import { UserError } from '../../model/errors.js';
import { addressProblem, parseSubnet } from '../../model/ipv4.js';
import { resolverOf } from '../../model/resolver.js';
import type { Row } from '../../model/resource.js';
import type { BridgeSpec } from '../../model/specs.js';

/** In the file: the router that the DHCP server of the uplink's network names. */
export const AUTO = 'auto';

/** Asks the DHCP server of the network of an interface; why there is no answer. */
export type AskLease = (uplink: string) => Lease | string;

/** Whether a bridge has an automatic gateway that is not recorded yet. */
export const needsLease = ({ name, bridges }: Config, rows: readonly Row[]): boolean =>
  Object.entries(bridges).some(
    ([bridge, entry]) =>
      !entry.external && entry.gateway === AUTO && !recordedLease(name, bridge, entry, rows),
  );

/**
 * The config with a gateway and its name servers in place of each `gateway: auto`. What was learned
 * is kept while uplink and subnet stay the same, so that a plan without changes stays one.
 *
 * @throws UserError if no server answers, or names no router of the subnet
 */
export function withGateways(
  config: Config,
  rows: readonly Row[],
  ask: AskLease = () => 'nobody was asked',
): Config {
  const entries = Object.entries(config.bridges);
  if (!entries.some(([, entry]) => !entry.external && entry.gateway === AUTO)) return config;
  const bridges = entries.map(([bridge, entry]): [string, BridgeEntry] => {
    if (entry.external || entry.gateway !== AUTO) return [bridge, entry];
    const lease =
      recordedLease(config.name, bridge, entry, rows) ?? newLease(bridge, entry, config, ask);
    return [bridge, { ...entry, ...withLease(entry, lease), lease }];
  });
  return { ...config, bridges: Object.fromEntries(bridges) };
}

function recordedLease(
  stack: string,
  bridge: string,
  { uplink, subnet }: BridgeSource,
  rows: readonly Row[],
): Lease | undefined {
  const row = rows.find(
    (each) => each.kind === 'bridge' && each.stack === stack && each.name === bridge,
  );
  const spec = row?.spec as BridgeSpec | undefined;
  return spec?.uplink === uplink && spec?.subnet === subnet ? spec?.lease : undefined;
}

function newLease(
  bridge: string,
  { uplink = '', subnet = '' }: BridgeSource,
  { where }: Config,
  ask: AskLease,
): Lease {
  const lease = ask(uplink);
  const cause = typeof lease === 'string' ? lease : problemOf(lease, uplink, subnet);
  if (typeof lease !== 'string' && cause === undefined) return lease;
  throw new UserError(
    `${where(['bridges', bridge, 'gateway'])}: cannot find the gateway of bridge ${bridge}: ${cause}`,
    'Write its address in place of auto.',
  );
}

function problemOf({ router }: Lease, uplink: string, subnet: string): string | undefined {
  const server = `the DHCP server of ${uplink}`;
  if (router === undefined) return `${server} names no router`;
  const parsed = parseSubnet(subnet);
  const problem = parsed && addressProblem(router, parsed);
  return problem && `${server} names a router that containers cannot reach: ${problem}`;
}

/** Name servers of the file win; a resolver asks the learned ones. */
function withLease({ dns }: BridgeSource, lease: Lease): Pick<BridgeSource, 'gateway' | 'dns'> {
  const gateway = lease.router === undefined ? {} : { gateway: lease.router };
  if (lease.dns.length === 0 || Array.isArray(dns)) return gateway;
  if (dns === undefined) return { ...gateway, dns: lease.dns };
  return { ...gateway, dns: { forward: lease.dns, ...resolverOf({ dns }) } };
}
