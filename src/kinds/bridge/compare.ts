import { drift, fromFile } from '../../model/difference.js';
import { equal } from '../../model/json.js';
import type { Difference } from '../../model/plan.js';
import type { Resource, Row } from '../../model/resource.js';
import type { BridgeSpec } from '../../model/specs.js';
import type { AnyKey } from '../key.js';
import { BRIDGE_KEYS } from './keys.js';
import type { ObservedBridge } from './observe.js';
import { hostAddress, hostAddress6 } from './steps.js';

type Name = keyof BridgeSpec & keyof typeof BRIDGE_KEYS;

const RECORDED = Object.entries<AnyKey>(BRIDGE_KEYS).flatMap(([name, { change }]) =>
  change ? [{ name: name as Name, change }] : [],
);

/** First what changed in the file, then what the host has lost. */
export function compare(
  { spec }: Resource<BridgeSpec>,
  row: Row<BridgeSpec>,
  observed: ObservedBridge,
): Difference[] {
  const changed = RECORDED.filter(({ name }) => !equal(spec[name], row.spec[name]));
  return [
    ...changed.map(({ name, change }) => fromFile(name, row.spec[name], spec[name], change)),
    ...hostDrift(spec, row.spec, observed),
  ];
}

function hostDrift(
  desired: BridgeSpec,
  before: BridgeSpec,
  observed: ObservedBridge,
): Difference[] {
  const { link, uplink } = desired;
  const address = hostAddress(desired);
  const kept = address !== undefined && address === hostAddress(before);
  const address6 = hostAddress6(desired);
  const kept6 = address6 !== undefined && address6 === hostAddress6(before);
  const left = uplink !== undefined && uplink === before.uplink && observed.uplinkMaster !== link;
  return [
    ...(observed.up ? [] : [drift('link', `link ${link} is down`)]),
    ...(kept && !observed.addresses.includes(address)
      ? [drift('host', `address ${address} is missing`)]
      : []),
    ...(kept6 && !observed.addresses6?.includes(address6)
      ? [drift('host6', `address ${address6} is missing`)]
      : []),
    ...(observed.ipv6 === 'link' && uplink === undefined && !address6
      ? [drift('host', 'the host has an IPv6 address on it')]
      : []),
    ...(left ? [drift('uplink', `uplink ${uplink} has left`)] : []),
  ];
}
