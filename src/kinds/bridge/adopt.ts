import { UserError } from '../../model/errors.js';
import type { Resource } from '../../model/resource.js';
import type { BridgeSpec } from '../../model/specs.js';
import type { Adopted, Adoption } from '../kind.js';
import { hostAddress } from './steps.js';

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
