import type { BridgeSource } from '../../model/config.js';
import {
  addressProblem6,
  contains6,
  formatIp6,
  formatSubnet6,
  overlap6,
  parseCidr6,
  parseIp6,
  parseSubnet6,
  type Subnet6,
} from '../../model/ipv6.js';
import { SubnetIndex } from '../../model/subnets.js';
import type { ValidationContext } from './validation-context.js';

/** Ranges that are no network of hosts behind a bridge (RFC 4291, 2.4): IPv4 in IPv6 among them. */
const SPECIAL = ['::/8', 'fe80::/10', 'ff00::/8'];
const LINK_LOCAL = parseSubnet6('fe80::/10') as Subnet6;

const FROM = 48;
const TO = 126;

/** Checks of the IPv6 subnets of bridges, their host addresses and routers. */
export function checkBridges6(subject: ValidationContext): void {
  const { bridges, problems } = subject;
  const subnets = new SubnetIndex<string, Subnet6>();
  for (const [name, bridge] of Object.entries(bridges)) {
    if (bridge.external) continue;
    checkIsolated(subject, name, bridge);
    const subnet = checkSubnet(subject, name, bridge);
    checkHost(subject, name, bridge, subnet);
    checkGateway(subject, name, bridge, subnet);
    if (!subnet) continue;
    const other = subnets.overlapping(subnet);
    if (other) {
      const theirs = `${formatSubnet6(other.subnet)} of bridges.${other.owner}`;
      problems.atValue(['bridges', name, 'subnet6'], `${bridge.subnet6} overlaps ${theirs}`);
    }
    subnets.add(name, subnet);
  }
}

function checkIsolated({ problems }: ValidationContext, name: string, bridge: BridgeSource): void {
  if (!bridge.isolated) return;
  for (const key of ['host6', 'gateway6'] as const) {
    // beside `host`, which is refused itself, it is the default
    if (bridge[key] === undefined || (key === 'host6' && bridge.host !== undefined)) continue;
    const why = `an isolated bridge has no ${key}`;
    problems.atKey(['bridges', name, key], why, 'remove one of them');
  }
}

function checkSubnet(
  { problems }: ValidationContext,
  name: string,
  { subnet6 }: BridgeSource,
): Subnet6 | undefined {
  if (subnet6 === undefined || subnet6 === 'auto') return undefined;
  const path = ['bridges', name, 'subnet6'];
  const cidr = parseCidr6(subnet6);
  if (!cidr) {
    problems.atValue(path, `${subnet6} is no IPv6 subnet`, 'as fd00:77:1::/64');
    return undefined;
  }
  const { subnet } = cidr;
  if (cidr.address !== subnet.network) {
    const hint = `did you mean "${formatSubnet6(subnet)}"?`;
    problems.atValue(path, `${subnet6} has bits set behind its prefix`, hint);
    return undefined;
  }
  if (subnet.prefix < FROM || subnet.prefix > TO) {
    problems.atValue(path, `${subnet6} is not from /${FROM} to /${TO}`);
    return undefined;
  }
  const special = SPECIAL.find((each) => overlap6(parseSubnet6(each) as Subnet6, subnet));
  if (special) problems.atValue(path, `${subnet6} is in ${special}, which is no network of hosts`);
  return subnet;
}

function checkHost(
  { problems }: ValidationContext,
  name: string,
  { host6, subnet6 }: BridgeSource,
  subnet: Subnet6 | undefined,
): void {
  if (host6 === undefined) return;
  const path = ['bridges', name, 'host6'];
  if (subnet6 === undefined) {
    problems.atValue(path, 'an IPv6 address of the host needs a subnet6', 'add subnet6');
  } else if (host6 === 'auto') return;
  else if (subnet6 === 'auto') {
    const message = 'a host address needs a subnet that it is in, and this bridge has any';
    problems.atValue(path, message, 'give the subnet6, or host6: auto');
  } else if (subnet) {
    const complaint = addressProblem6(host6, subnet);
    if (complaint) problems.atValue(path, complaint);
  }
}

/** A router that its containers can reach: behind an uplink, it often has a link-local address only. */
function checkGateway(
  { problems }: ValidationContext,
  name: string,
  { gateway6, host6, egress, subnet6 }: BridgeSource,
  subnet: Subnet6 | undefined,
): void {
  if (gateway6 === undefined) return;
  const path = ['bridges', name, 'gateway6'];
  if (egress) problems.atKey(path, 'a bridge with a way out has no gateway6', 'remove one of them');
  if (gateway6 === host6) {
    const why = `${gateway6} is the address of the host, the default route where there is no gateway6`;
    problems.atValue(path, why, 'remove gateway6');
  }
  const address = parseIp6(gateway6);
  if (address !== undefined && contains6(LINK_LOCAL, address)) return;
  if (subnet6 === undefined || subnet6 === 'auto') {
    problems.atValue(path, 'a gateway6 needs a subnet6 that it is in', 'give the subnet6');
  } else if (subnet) {
    const complaint = addressProblem6(gateway6, subnet);
    if (complaint) problems.atValue(path, complaint);
  }
}

/** Why a container cannot have this static address on a bridge; undefined if it can. */
export function attachment6Problem(
  address: string,
  name: string,
  { subnet6, host6, gateway6, uplink }: BridgeSource,
): string | undefined {
  if (subnet6 === undefined) return `bridges.${name} has no subnet6, so no IPv6 address on it`;
  if (subnet6 === 'auto') {
    return `bridges.${name} has any subnet6; a fixed address needs a subnet6 in the file`;
  }
  const subnet = parseSubnet6(subnet6);
  if (!subnet) return undefined;
  if (address === (host6 === 'auto' ? formatIp6(subnet.network + 1n) : host6)) {
    return `${address} is the address of the host on bridges.${name}`;
  }
  if (address === gateway6 && uplink !== undefined) {
    return `${address} is the gateway6 of bridges.${name}`;
  }
  return addressProblem6(address, subnet);
}
