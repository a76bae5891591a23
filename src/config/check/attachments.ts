import type { Attachment, BridgeEntry } from '../../model/config.js';
import { egressAddress } from '../../model/egress.js';
import { addressProblem, parseSubnet } from '../../model/ipv4.js';
import { parseIp6 } from '../../model/ipv6.js';
import { resolverAddress } from '../../model/resolver.js';
import { attachment6Problem } from './bridges6.js';
import type { Service, ValidationContext } from './validation-context.js';

/** Static addresses and MACs: possible on their bridge, and each used by only one container. */
export function checkAttachments(subject: ValidationContext): void {
  const owners = new Map<string, string>();
  for (const service of subject.services) {
    for (const [bridge, attachment] of Object.entries(service.entry.bridges)) {
      checkAddress(subject, service, bridge, 'address', attachment.address, owners);
      checkAddress(subject, service, bridge, 'address6', attachment.address6, owners);
      checkMac(subject, service, bridge, attachment, owners);
    }
  }
}

/** An address of either family. */
function checkAddress(
  { bridges, problems }: ValidationContext,
  service: Service,
  bridge: string,
  key: 'address' | 'address6',
  address: string | undefined,
  owners: Map<string, string>,
): void {
  if (address === undefined) return;
  const path = [...service.path, 'bridges', bridge, key];
  const entry = Object.hasOwn(bridges, bridge) ? bridges[bridge] : undefined;
  const problemOf = key === 'address' ? problemOnBridge : problem6OnBridge;
  const complaint =
    replicaProblem(service, key) ??
    problemOf(address, bridge, entry) ??
    duplicateProblem(`${bridge} ${address}`, address, service, owners);
  if (complaint) problems.atValue(path, complaint);
}

function problem6OnBridge(
  address: string,
  name: string,
  bridge: BridgeEntry | undefined,
): string | undefined {
  if (parseIp6(address) === undefined) return `${address} is no IPv6 address`;
  return bridge && !bridge.external ? attachment6Problem(address, name, bridge) : undefined;
}

function problemOnBridge(
  address: string,
  name: string,
  bridge: BridgeEntry | undefined,
): string | undefined {
  if (!bridge || bridge.external) return undefined;
  if (bridge.subnet === undefined) return `bridges.${name} has no subnet, so no address on it`;
  if (bridge.subnet === 'auto') {
    return `bridges.${name} has any subnet; a fixed address needs a subnet in the file`;
  }
  const subnet = parseSubnet(bridge.subnet);
  if (!subnet) return undefined;
  if (address === bridge.host) return `${address} is the address of the host on bridges.${name}`;
  if (address === bridge.gateway && bridge.uplink !== undefined) {
    return `${address} is the gateway of bridges.${name}`;
  }
  if (bridge.egress && address === egressAddress(bridge)) {
    return `${address} is the address of the way out of bridges.${name}`;
  }
  if (address === resolverAddress(bridge)) {
    return `${address} is the address of the resolver of bridges.${name}`;
  }
  return addressProblem(address, subnet);
}

function checkMac(
  { problems }: ValidationContext,
  service: Service,
  bridge: string,
  { mac }: Attachment,
  owners: Map<string, string>,
): void {
  if (mac === undefined) return;
  const complaint =
    replicaProblem(service, 'mac') ??
    macProblem(mac) ??
    duplicateProblem(`${bridge} ${mac}`, mac, service, owners);
  if (complaint) problems.atValue([...service.path, 'bridges', bridge, 'mac'], complaint);
}

/** The lowest bit of the first octet marks a group (IEEE 802, 8.2.2). */
function macProblem(mac: string): string | undefined {
  if (Number.parseInt(mac.slice(0, 2), 16) % 2 === 1) return `${mac} is a multicast address`;
  return mac === '00:00:00:00:00:00' ? `${mac} is no address` : undefined;
}

function replicaProblem({ names }: Service, what: string): string | undefined {
  return names.length > 1 ? `${names.length} replicas cannot share one ${what}` : undefined;
}

function duplicateProblem(
  key: string,
  shown: string,
  { path }: Service,
  owners: Map<string, string>,
): string | undefined {
  const owner = owners.get(key);
  if (owner === undefined) owners.set(key, path.join('.'));
  return owner === undefined ? undefined : `${shown} is already used by ${owner}`;
}
