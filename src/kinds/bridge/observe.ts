import type { Probe } from '../../host/ports.js';
import { parseAddress } from '../../model/address.js';
import { UserError } from '../../model/errors.js';
import { aliasPrefix, type InstallPaths, parseAlias } from '../../model/install-paths.js';
import { exact } from '../../model/json.js';
import type { Resource } from '../../model/resource.js';
import type { BridgeSpec } from '../../model/specs.js';
import type { Adopted, Adoption, OwnedResource } from '../kind.js';
import { hostAddress } from './steps.js';

export interface ObservedBridge {
  up: boolean;
  addresses: string[];
  /** See SeenLink. */
  ipv6?: 'link' | 'global';
  /** The bridge its uplink is on; absent when it is on none, or gone. */
  uplinkMaster?: string;
}

/** An interface of the name that is no bridge is somebody else's, so ours is gone. */
export function observe(
  spec: BridgeSpec,
  _facts: unknown,
  probe: Probe,
): ObservedBridge | undefined {
  const seen = probe.link(spec.link);
  if (seen?.kind !== 'bridge') return undefined;
  const master = spec.uplink === undefined ? undefined : probe.link(spec.uplink)?.master;
  const { up, addresses, ipv6 } = seen;
  return exact<ObservedBridge>({ up, addresses, ipv6, uplinkMaster: master });
}

export function assume(spec: BridgeSpec): ObservedBridge {
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

export function discoverOwned(probe: Probe, site: InstallPaths): OwnedResource<BridgeSpec>[] {
  return probe.linksWithAlias(aliasPrefix(site)).flatMap(({ kind, name: link, alias = '' }) => {
    const { stack, words } = parseAlias(site, alias);
    const address = parseAddress(words[0] ?? '');
    if (kind !== 'bridge' || address?.kind !== 'bridge') return [];
    return [{ stack, name: address.name, spec: { link, alias, isolated: false } }];
  });
}

/** No more than a name that no program takes for anything else; the kernel would take a space. */
const LINK = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/;

/** A bridge of the host, which keeps its name. Addresses that the file does not know would be lost. */
export async function adopt(
  { address, spec }: Resource<BridgeSpec>,
  id: string | undefined,
  { probe }: Adoption,
): Promise<Adopted<BridgeSpec>> {
  const link = id ?? spec.link;
  const refuse = (cause: string, hint?: string) =>
    new UserError(`cannot import ${address}: ${cause}`, hint);
  const seen = LINK.test(link) ? probe.link(link) : undefined;
  if (!seen) throw refuse(`the host has no interface ${link}`);
  if (seen.kind !== 'bridge') throw refuse(`interface ${link} is no bridge`);
  if (seen.alias !== undefined && seen.alias !== spec.alias) {
    throw refuse(`interface ${link} is marked ${seen.alias}`);
  }
  const wanted = hostAddress(spec);
  const other = seen.addresses.find((each) => each !== wanted);
  if (other) {
    const says = wanted === undefined ? 'none' : wanted;
    throw refuse(`${link} has the address ${other}, and the file says ${says}`, entryFor(other));
  }
  return { spec: { ...spec, link }, facts: {}, status: 'ready' };
}

function entryFor(address: string): string {
  const host = address.split('/')[0];
  return `Give the bridge in the file \`host: ${host}\` and its subnet.`;
}
