import { NAME } from '../../model/address.js';
import type { BridgeSource } from '../../model/config.js';
import { egressAddress } from '../../model/egress.js';
import { addressProblem, type Subnet } from '../../model/ipv4.js';
import {
  isIn,
  RESOLVER_IMAGE,
  resolverAddress,
  resolverName,
  resolverOf,
} from '../../model/resolver.js';
import type { ValidationContext } from './validation-context.js';

const RENAME = 'choose another name';

/** A resolver has an address, a name, and a way to the name servers that it asks. */
export function checkResolver(
  context: ValidationContext,
  name: string,
  bridge: BridgeSource,
  subnet: Subnet | undefined,
): void {
  const options = resolverOf(bridge);
  if (!options) return;
  const { problems } = context;
  const path = ['bridges', name, 'dns'];
  if (bridge.subnet === undefined) problems.atKey(path, 'a resolver needs a subnet', 'add subnet');
  checkReserved(context, name, path);
  const complaint = options.address && ownAddressProblem(options.address, bridge, subnet);
  if (complaint) problems.atValue([...path, 'address'], complaint);
  const leaves = bridge.egress || bridge.gateway !== undefined;
  options.forward?.forEach((each, index) => {
    const place = [...path, 'forward', index];
    if (each === resolverAddress(bridge)) {
      problems.atValue(place, `${each} is the address of the resolver itself`);
    } else if (!leaves && subnet && !isIn(subnet, each)) {
      const why = `${each} is outside ${bridge.subnet}, and the bridge has neither egress nor gateway`;
      problems.atValue(place, why, 'add one of them, or remove forward');
    }
  });
}

function checkReserved(
  { problems, services, images }: ValidationContext,
  name: string,
  path: string[],
): void {
  const own = resolverName(name);
  if (!NAME.test(own)) problems.atKey(path, `the name of its container, ${own}, is too long`);
  for (const service of services) {
    if (!service.names.includes(own)) continue;
    problems.atKey(service.path, `container ${own} is the resolver of bridges.${name}`, RENAME);
  }
  if (!Object.hasOwn(images, RESOLVER_IMAGE)) return;
  const why = `image ${RESOLVER_IMAGE} has the program of the resolver of bridges.${name}`;
  problems.atKey(['images', RESOLVER_IMAGE], why, RENAME);
}

function ownAddressProblem(
  address: string,
  { subnet: text, host, gateway, egress, ...bridge }: BridgeSource,
  subnet: Subnet | undefined,
): string | undefined {
  if (text === 'auto') return 'a fixed address needs a subnet in the file';
  if (address === host) return `${address} is the address of the host`;
  if (address === gateway) return `${address} is the gateway`;
  const way = egress
    ? egressAddress({ ...bridge, ...(text && { subnet: text }), ...(host && { host }) })
    : undefined;
  if (address === way) return `${address} is the address of the way out`;
  return subnet && addressProblem(address, subnet);
}
