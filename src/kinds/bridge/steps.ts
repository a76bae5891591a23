import type { DesiredBridge } from '../../host/ports.js';
import { parseSubnet } from '../../model/ipv4.js';
import { exact } from '../../model/json.js';
import type { Difference } from '../../model/plan.js';
import type { Resource, Row } from '../../model/resource.js';
import type { BridgeSpec } from '../../model/specs.js';
import type { StepOf } from '../../model/step.js';

type BridgeStep = StepOf<BridgeVerbs>;

export function create({ spec }: Resource<BridgeSpec>, reason: string): BridgeStep[] {
  return [{ verb: 'bridge.ensure', args: bridgeArgs(spec), reason }];
}

/** Always in place: containers keep their links, which change by the containers' own specs. */
export function update(
  { spec }: Resource<BridgeSpec>,
  row: Row<BridgeSpec>,
  _observed: unknown,
  differences: Difference[],
): BridgeStep[] {
  const former = row.spec.uplink;
  const release = former !== undefined && former !== spec.uplink ? { release: former } : {};
  const old6 = hostAddress6(row.spec);
  const release6 = old6 !== undefined && old6 !== hostAddress6(spec) ? { release6: old6 } : {};
  const reason = differences.map((each) => each.reason).join(', ') || 'unfinished';
  return [
    { verb: 'bridge.ensure', args: { ...bridgeArgs(spec), ...release, ...release6 }, reason },
  ];
}

export function remove({ spec }: Row<BridgeSpec>, reason: string): BridgeStep[] {
  return [{ verb: 'bridge.remove', args: { link: spec.link }, reason }];
}

function bridgeArgs(spec: BridgeSpec): DesiredBridge {
  const { link, alias, uplink } = spec;
  return exact<DesiredBridge>({
    link,
    alias,
    address: hostAddress(spec),
    address6: hostAddress6(spec),
    uplink,
  });
}

/** The host's own address with the prefix length of the subnet, `10.77.1.1/24`. */
export function hostAddress({ host, subnet }: BridgeSpec): string | undefined {
  const prefix = subnet === undefined ? undefined : parseSubnet(subnet)?.prefix;
  return host === undefined || prefix === undefined ? undefined : `${host}/${prefix}`;
}

/** The same for IPv6, `fd00:77:1::1/64`. */
export function hostAddress6({ host6, subnet6 }: BridgeSpec): string | undefined {
  const prefix = subnet6?.split('/')[1];
  return host6 === undefined || prefix === undefined ? undefined : `${host6}/${prefix}`;
}

/** The operations on a bridge. */
export interface BridgeVerbs {
  'bridge.ensure': DesiredBridge;
  'bridge.remove': { link: string };
}
