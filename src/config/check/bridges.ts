import { NAME } from '../../model/address.js';
import type { BridgeSource } from '../../model/config.js';
import {
  EGRESS_IMAGE,
  type EgressRules,
  egressName,
  INNER,
  ruleProblem,
} from '../../model/egress.js';
import {
  addressProblem,
  capacity,
  formatSubnet,
  overlap,
  parseCidr,
  parseSubnet,
  type Subnet,
} from '../../model/ipv4.js';
import { resolverOf } from '../../model/resolver.js';
import { SubnetIndex } from '../../model/subnets.js';
import { checkResolver } from './resolvers.js';
import type { ValidationContext } from './validation-context.js';

/** Ports of a Linux bridge (BR_MAX_PORTS, 10 bits of an STP port id, 0 unused). */
const MAX_PORTS = 1023;

/** Ranges that are no network of hosts (RFC 6890): this host, loopback, multicast and reserved. */
const SPECIAL = ['0.0.0.0/8', '127.0.0.0/8', '224.0.0.0/3'];

/** Checks of a bridge that need only the file: its subnet, its host address, its capacity. */
export function checkBridges(subject: ValidationContext): void {
  const { bridges, problems } = subject;
  const members = membersOf(subject);
  const subnets = new SubnetIndex<string>();
  const uplinks = new Map<string, string>();
  for (const [name, bridge] of Object.entries(bridges)) {
    checkPorts(subject, name, members);
    if (bridge.external) continue;
    checkIsolated(subject, name, bridge);
    const subnet = checkSubnet(subject, name, bridge);
    checkHost(subject, name, bridge, subnet);
    checkEgress(subject, name, bridge, subnet);
    checkGateway(subject, name, bridge, subnet);
    checkRange(subject, name, bridge, subnet);
    checkResolver(subject, name, bridge, subnet);
    if (subnet) {
      const other = subnets.overlapping(subnet);
      const path = ['bridges', name, 'subnet'];
      if (other) {
        const theirs = `${formatSubnet(other.subnet)} of bridges.${other.owner}`;
        problems.atValue(path, `${bridge.subnet} overlaps ${theirs}`);
      }
      subnets.add(name, subnet);
      checkRoom(subject, name, bridge, subnet, members);
    }
    const owner = bridge.uplink && uplinks.get(bridge.uplink);
    if (owner) {
      problems.atValue(
        ['bridges', name, 'uplink'],
        `${bridge.uplink} is already in bridges.${owner}`,
      );
    }
    if (bridge.uplink && !owner) uplinks.set(bridge.uplink, name);
  }
}

function checkIsolated({ problems }: ValidationContext, name: string, bridge: BridgeSource): void {
  if (!bridge.isolated) return;
  for (const key of ['host', 'uplink', 'gateway'] as const) {
    if (bridge[key] === undefined) continue;
    problems.atKey(
      ['bridges', name, key],
      `an isolated bridge has no ${key}`,
      'remove one of them',
    );
  }
}

function checkSubnet(
  { problems }: ValidationContext,
  name: string,
  { subnet }: BridgeSource,
): Subnet | undefined {
  if (subnet === undefined || subnet === 'auto') return undefined;
  const path = ['bridges', name, 'subnet'];
  const parsed = parseSubnet(subnet);
  if (!parsed) {
    const meant = parseCidr(subnet)?.subnet;
    const hint = meant && `did you mean "${formatSubnet(meant)}"?`;
    problems.atValue(path, `${subnet} has bits set behind its prefix`, hint);
    return undefined;
  }
  if (parsed.prefix < 8 || parsed.prefix > 30) {
    problems.atValue(path, `${subnet} is not from /8 to /30`);
    return undefined;
  }
  const special = SPECIAL.find((each) => isWithin(parsed, each));
  if (special) problems.atValue(path, `${subnet} is in ${special}, which is no network of hosts`);
  return parsed;
}

function isWithin(subnet: Subnet, range: string): boolean {
  const whole = parseSubnet(range);
  return whole !== undefined && overlap(whole, subnet);
}

function checkHost(
  { problems }: ValidationContext,
  name: string,
  { host, subnet: text }: BridgeSource,
  subnet: Subnet | undefined,
): void {
  if (host === undefined) return;
  const path = ['bridges', name, 'host'];
  if (text === undefined) problems.atValue(path, 'a host address needs a subnet', 'add subnet');
  else if (text === 'auto') {
    if (host === 'auto') return;
    const message = 'a host address needs a subnet that it is in, and this bridge has any';
    problems.atValue(path, message, 'give the subnet, or host: auto');
  } else if (host === 'auto') return;
  else if (subnet) {
    const complaint = addressProblem(host, subnet);
    if (complaint) problems.atValue(path, complaint);
  }
}

/** A router that its containers can reach, and that no other default route competes with. */
function checkGateway(
  { problems }: ValidationContext,
  name: string,
  { gateway, dns, host, egress, uplink, subnet: text }: BridgeSource,
  subnet: Subnet | undefined,
): void {
  const path = ['bridges', name, 'gateway'];
  if (gateway === undefined) {
    const why = 'name servers of a bridge belong to its gateway';
    if (Array.isArray(dns))
      problems.atKey(['bridges', name, 'dns'], why, 'add gateway, or dns to its containers');
    return;
  }
  if (egress) problems.atKey(path, 'a bridge with a way out has no gateway', 'remove one of them');
  if (gateway === host) {
    const why = `${gateway} is the address of the host, the default route where there is no gateway`;
    problems.atValue(path, why, 'remove gateway');
  }
  if (gateway === 'auto' && uplink === undefined) {
    const why = 'an automatic gateway is that of the network of an uplink, and the bridge has none';
    problems.atValue(path, why, 'give its address');
  }
  if (text === undefined || text === 'auto') {
    problems.atValue(path, 'a gateway needs a subnet that it is in', 'give the subnet');
  } else if (subnet && gateway !== 'auto') {
    const complaint = addressProblem(gateway, subnet);
    if (complaint) problems.atValue(path, complaint);
  }
}

function checkRange(
  { problems }: ValidationContext,
  name: string,
  { range, subnet: text }: BridgeSource,
  subnet: Subnet | undefined,
): void {
  if (range === undefined) return;
  const path = ['bridges', name, 'range'];
  const part = parseSubnet(range);
  if (!part) {
    const meant = parseCidr(range)?.subnet;
    const hint = meant && `did you mean "${formatSubnet(meant)}"?`;
    problems.atValue(path, `${range} has bits set behind its prefix`, hint);
  } else if (text === undefined || text === 'auto') {
    problems.atValue(path, 'a range needs a subnet that it is in', 'give the subnet');
  } else if (subnet && (part.prefix < subnet.prefix || !overlap(part, subnet))) {
    problems.atValue(path, `${range} is not in ${text}`);
  }
}

/** A way out has an address, a name, and rules that mean something. */
function checkEgress(
  { problems, services, images, bridges }: ValidationContext,
  name: string,
  bridge: BridgeSource,
  subnet: Subnet | undefined,
): void {
  const { egress, isolated, uplink } = bridge;
  if (!egress) return;
  const path = ['bridges', name, 'egress'];
  if (bridge.subnet === undefined) problems.atKey(path, 'a way out needs a subnet', 'add subnet');
  if (isolated) problems.atKey(path, 'an isolated bridge has no way out', 'remove one of them');
  if (uplink !== undefined) {
    const why = `a bridge with an uplink has none of its own: its containers use the network of ${uplink}`;
    problems.atKey(path, why, 'remove one of them');
  }
  for (const each of Object.values(bridges)) {
    if (each.external || each.subnet === undefined || !isWithinText(each.subnet)) continue;
    problems.atKey(path, `it uses ${INNER.subnet} itself, which overlaps ${each.subnet}`, OTHER);
  }
  const own = egressName(name);
  if (!NAME.test(own)) problems.atKey(path, `the name of its container, ${own}, is too long`);
  for (const service of services) {
    if (service.names.includes(own)) {
      problems.atKey(service.path, `container ${own} is the way out of bridges.${name}`, RENAME);
    }
  }
  if (Object.hasOwn(images, EGRESS_IMAGE)) {
    const why = `image ${EGRESS_IMAGE} has the program of the way out of bridges.${name}`;
    problems.atKey(['images', EGRESS_IMAGE], why, RENAME);
  }
  if (typeof egress === 'object') checkRules(problems, path, egress, subnet);
}

const OTHER = 'use another subnet';
const RENAME = 'choose another name';

function isWithinText(text: string): boolean {
  const subnet = parseSubnet(text);
  return subnet !== undefined && isWithin(subnet, INNER.subnet);
}

function checkRules(
  problems: ValidationContext['problems'],
  path: string[],
  rules: EgressRules,
  subnet: Subnet | undefined,
): void {
  const seen = new Set<string>();
  for (const key of ['allow', 'deny'] as const) {
    for (const [index, each] of (rules[key] ?? []).entries()) {
      const twice = seen.has(each) ? `${each} is listed twice` : undefined;
      const problem = ruleProblem(each, subnet) ?? twice;
      if (problem !== undefined) problems.atValue([...path, key, index], problem);
      seen.add(each);
    }
  }
}

/** Number of containers on each bridge. */
function membersOf({ services }: ValidationContext): ReadonlyMap<string, number> {
  const members = new Map<string, number>();
  for (const { entry, names } of services) {
    for (const name of Object.keys(entry.bridges)) {
      members.set(name, (members.get(name) ?? 0) + names.length);
    }
  }
  return members;
}

function checkPorts(
  subject: ValidationContext,
  name: string,
  all: ReadonlyMap<string, number>,
): void {
  const members = all.get(name) ?? 0;
  if (members <= MAX_PORTS) return;
  const message = `${members} containers join bridges.${name}; a bridge has ${MAX_PORTS} ports`;
  subject.problems.atKey(['bridges', name], message);
}

function checkRoom(
  subject: ValidationContext,
  name: string,
  { host, gateway, uplink, egress, dns }: BridgeSource,
  subnet: Subnet,
  all: ReadonlyMap<string, number>,
): void {
  const router = gateway !== undefined && uplink !== undefined;
  const others = [host !== undefined, router, egress, resolverOf({ ...(dns && { dns }) })];
  const room = capacity(subnet) - others.filter(Boolean).length;
  const members = all.get(name) ?? 0;
  if (members <= room) return;
  const message = `${members} containers join bridges.${name}, which has ${room} addresses for them`;
  subject.problems.atValue(['bridges', name, 'subnet'], message, 'use a larger subnet');
}
