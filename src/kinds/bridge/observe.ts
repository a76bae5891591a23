import type { Probe } from '../../host/host.js';
import { spelled } from '../../model/json.js';
import type { BridgeSpec } from '../../model/specs.js';
import { hostAddress } from './steps.js';

export interface BridgeSeen {
  up: boolean;
  addresses: string[];
  /** See SeenLink. */
  ipv6?: 'link' | 'global';
  /** The bridge its uplink is on; absent when it is on none, or gone. */
  uplinkMaster?: string;
}

/** An interface of the name that is no bridge is somebody else's, so ours is gone. */
export function observe(spec: BridgeSpec, _facts: unknown, probe: Probe): BridgeSeen | undefined {
  const seen = probe.link(spec.link);
  if (seen?.kind !== 'bridge') return undefined;
  const master = spec.uplink === undefined ? undefined : probe.link(spec.uplink)?.master;
  const { up, addresses, ipv6 } = seen;
  return spelled<BridgeSeen>({ up, addresses, ipv6, uplinkMaster: master });
}

export function assume(spec: BridgeSpec): BridgeSeen {
  const address = hostAddress(spec);
  return {
    up: true,
    addresses: address === undefined ? [] : [address],
    ...(spec.uplink !== undefined && { uplinkMaster: spec.link }),
  };
}

export function foreign(spec: BridgeSpec, probe: Probe): string | undefined {
  const seen = probe.link(spec.link);
  if (!seen) return undefined;
  if (seen.kind === 'bridge' && seen.alias === spec.alias) return undefined;
  return `interface ${spec.link} exists and is marked ${seen.alias ?? 'by nobody'}`;
}
