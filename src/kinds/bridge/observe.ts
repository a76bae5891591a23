import type { Probe } from '../../host/ports.js';
import { parseAddress } from '../../model/address.js';
import { UserError } from '../../model/errors.js';
import { aliasPrefix, type InstallPaths, parseAlias } from '../../model/install-paths.js';
import { exact } from '../../model/json.js';
import type { Resource } from '../../model/resource.js';
import type { BridgeSpec } from '../../model/specs.js';
import type { Adopted, Adoption, OwnedResource } from '../kind.js';
import { hostAddress, hostAddress6 } from './steps.js';

export interface ObservedBridge {
  up: boolean;
  addresses: string[];
  /** See SeenLink. */
  ipv6?: 'link' | 'global';
  addresses6?: string[];
  /** The bridge that its uplink is attached to; absent if none, or if the uplink is gone. */
  uplinkMaster?: string;
}

/** An interface of that name that is not a bridge belongs to someone else, so ours is gone. */
export function observe(
  spec: BridgeSpec,
  _facts: unknown,
  probe: Probe,
): ObservedBridge | undefined {
  const observed = probe.link(spec.link);
  if (observed?.kind !== 'bridge') return undefined;
  const master = spec.uplink === undefined ? undefined : probe.link(spec.uplink)?.master;
  const { up, addresses, ipv6, addresses6 } = observed;
  return exact<ObservedBridge>({ up, addresses, ipv6, addresses6, uplinkMaster: master });
}

export function assume(spec: BridgeSpec): ObservedBridge {
  const address = hostAddress(spec);
  const address6 = hostAddress6(spec);
  return {
    up: true,
    addresses: address === undefined ? [] : [address],
    ...(address6 !== undefined && { ipv6: 'global', addresses6: [address6] }),
    ...(spec.uplink !== undefined && { uplinkMaster: spec.link }),
  };
}

export function foreign(spec: BridgeSpec, probe: Probe): string | undefined {
  const observed = probe.link(spec.link);
  if (!observed) return undefined;
  if (observed.kind === 'bridge' && observed.alias === spec.alias) return undefined;
  return `interface ${spec.link} exists and ${observed.alias === undefined ? 'does not carry our mark' : `is marked ${observed.alias}`}`;
}

export function discoverOwned(probe: Probe, paths: InstallPaths): OwnedResource<BridgeSpec>[] {
  return probe.linksWithAlias(aliasPrefix(paths)).flatMap(({ kind, name: link, alias = '' }) => {
    const { stack, words } = parseAlias(paths, alias);
    const address = parseAddress(words[0] ?? '');
    if (kind !== 'bridge' || address?.kind !== 'bridge') return [];
    return [{ stack, name: address.name, spec: { link, alias, isolated: false } }];
  });
}

/** Stricter than the kernel, so that no program takes the name for anything else. */
const LINK = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/;

/**
 * Imports a bridge of the host, which keeps its name. Refuses addresses that the file does not
 * declare, because they would be lost.
 */
export async function adopt(
  { address, spec }: Resource<BridgeSpec>,
  id: string | undefined,
  { probe }: Adoption,
): Promise<Adopted<BridgeSpec>> {
  const link = id ?? spec.link;
  const refuse = (cause: string, hint?: string) =>
    new UserError(`cannot import ${address}: ${cause}`, hint);
  const observed = LINK.test(link) ? probe.link(link) : undefined;
  if (!observed) throw refuse(`the host has no interface ${link}`);
  if (observed.kind !== 'bridge') throw refuse(`interface ${link} is not a bridge`);
  if (observed.alias !== undefined && observed.alias !== spec.alias) {
    throw refuse(`interface ${link} is marked ${observed.alias}`);
  }
  const desired = hostAddress(spec);
  const other = observed.addresses.find((each) => each !== desired);
  if (other) {
    const declared = desired ?? 'none';
    throw refuse(
      `${link} has the address ${other}, but the file says ${declared}`,
      entryFor(other),
    );
  }
  return { spec: { ...spec, link }, facts: {}, status: 'ready' };
}

function entryFor(address: string): string {
  const host = address.split('/')[0];
  return `Set \`host: ${host}\` and the subnet of the bridge in the file.`;
}
