import type { Attachment, BridgeEntry } from '../../model/config.js';
import { addressProblem, parseSubnet } from '../../model/ipv4.js';
import type { Service, Subject } from './validation-context.js';

/** Static addresses and MACs: possible on their bridge, and each used by only one container. */
export function checkAttachments(subject: Subject): void {
  const owners = new Map<string, string>();
  for (const service of subject.services) {
    for (const [bridge, attachment] of Object.entries(service.entry.bridges)) {
      checkAddress(subject, service, bridge, attachment.address, owners);
      checkMac(subject, service, bridge, attachment, owners);
    }
  }
}

function checkAddress(
  { bridges, problems }: Subject,
  service: Service,
  bridge: string,
  address: string | undefined,
  owners: Map<string, string>,
): void {
  if (address === undefined) return;
  const path = [...service.path, 'bridges', bridge, 'address'];
  const entry = Object.hasOwn(bridges, bridge) ? bridges[bridge] : undefined;
  const complaint =
    sharing(service, 'address') ??
    onBridge(address, bridge, entry) ??
    taken(`${bridge} ${address}`, address, service, owners);
  if (complaint) problems.atValue(path, complaint);
}

function onBridge(
  address: string,
  name: string,
  bridge: BridgeEntry | undefined,
): string | undefined {
  if (!bridge || bridge.external) return undefined;
  if (bridge.subnet === undefined) return `bridges.${name} has no subnet, so no address on it`;
  const subnet = parseSubnet(bridge.subnet);
  if (!subnet) return undefined;
  if (address === bridge.host) return `${address} is the address of the host on bridges.${name}`;
  return addressProblem(address, subnet);
}

function checkMac(
  { problems }: Subject,
  service: Service,
  bridge: string,
  { mac }: Attachment,
  owners: Map<string, string>,
): void {
  if (mac === undefined) return;
  const complaint =
    sharing(service, 'mac') ?? macComplaint(mac) ?? taken(`${bridge} ${mac}`, mac, service, owners);
  if (complaint) problems.atValue([...service.path, 'bridges', bridge, 'mac'], complaint);
}

/** The lowest bit of the first octet marks a group (IEEE 802, 8.2.2). */
function macComplaint(mac: string): string | undefined {
  if (Number.parseInt(mac.slice(0, 2), 16) % 2 === 1) return `${mac} is a multicast address`;
  return mac === '00:00:00:00:00:00' ? `${mac} is no address` : undefined;
}

function sharing({ names }: Service, what: string): string | undefined {
  return names.length > 1 ? `${names.length} replicas cannot share one ${what}` : undefined;
}

function taken(
  key: string,
  shown: string,
  { path }: Service,
  owners: Map<string, string>,
): string | undefined {
  const owner = owners.get(key);
  if (owner === undefined) owners.set(key, path.join('.'));
  return owner === undefined ? undefined : `${shown} is already used by ${owner}`;
}
