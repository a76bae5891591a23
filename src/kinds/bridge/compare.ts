import type { Difference } from '../../model/plan.js';
import type { Resource, Row } from '../../model/resource.js';
import type { BridgeSpec } from '../../model/specs.js';
import type { ObservedBridge } from './observe.js';
import { hostAddress } from './steps.js';

const ATTRIBUTES = ['subnet', 'host', 'isolated', 'uplink'] as const satisfies (keyof BridgeSpec)[];

/** What the file asks anew, then what the host has lost of what stays. */
export function compare(
  { spec }: Resource<BridgeSpec>,
  row: Row<BridgeSpec>,
  seen: ObservedBridge,
): Difference[] {
  const changed = ATTRIBUTES.filter((name) => spec[name] !== row.spec[name]);
  return [
    ...changed.map((name) => fromFile(name, row.spec[name], spec[name])),
    ...hostDrift(spec, row.spec, seen),
  ];
}

function hostDrift(desired: BridgeSpec, before: BridgeSpec, seen: ObservedBridge): Difference[] {
  const { link, uplink } = desired;
  const address = hostAddress(desired);
  const kept = address !== undefined && address === hostAddress(before);
  const left = uplink !== undefined && uplink === before.uplink && seen.uplinkMaster !== link;
  return [
    ...(seen.up ? [] : [drift('link', `link ${link} is down`)]),
    ...(kept && !seen.addresses.includes(address)
      ? [drift('host', `address ${address} is missing`)]
      : []),
    ...(seen.ipv6 === 'link' && uplink === undefined
      ? [drift('host', 'the host is on it by IPv6')]
      : []),
    ...(left ? [drift('uplink', `uplink ${uplink} has left`)] : []),
  ];
}

function fromFile(attribute: string, before: unknown, after: unknown): Difference {
  return {
    attribute,
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
    cause: 'file',
    effect: 'update',
    reason: `${attribute} ${before ?? '(none)'} → ${after ?? '(none)'}`,
  };
}

function drift(attribute: string, reason: string): Difference {
  return { attribute, cause: 'drift', effect: 'update', reason };
}
