import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DesiredBridge } from '../../ports.js';
import { readText } from '../files/read.js';
import { type IpLine, runBatch } from './batch.js';
import { derivedMac } from './mac.js';
import { type IpLink, readLinks } from './observe-links.js';

/** Creates a bridge or corrects differences, and reads it back. */
export async function ensureBridge(wanted: DesiredBridge): Promise<void> {
  const links = readLinks();
  const lines = bridgeLines(wanted, links);
  if (lines.length > 0) await applyLines(lines, wanted);
  const { ipv6 } = links.find(({ name }) => name === wanted.link) ?? {};
  if (wanted.uplink === undefined && ipv6 !== 'global') withoutIpv6(wanted.link);
}

async function applyLines(lines: IpLine[], wanted: DesiredBridge): Promise<void> {
  const { complaint } = await runBatch(lines);
  const left = bridgeLines(wanted, readLinks());
  if (left.length > 0) {
    const undone = left.map((line) => `ip ${line.join(' ')}`).join('; ');
    throw new Error(`cannot make bridge ${wanted.link}: ${complaint || `no effect of ${undone}`}`);
  }
}

/**
 * A bridge gets an IPv6 link-local address with its first port. Containers would reach the host
 * through it where they must not, and the host would trust router advertisements from the bridge.
 * With an uplink or an explicit host address, IPv6 stays as it is.
 */
function withoutIpv6(link: string): void {
  const file = join('/proc/sys/net/ipv6/conf', link, 'disable_ipv6');
  // absent: the kernel has no IPv6
  if (readText(file)?.trim() === '0') writeFileSync(file, '1');
}

/** The necessary commands; empty if the bridge is as desired. */
export function bridgeLines(wanted: DesiredBridge, links: readonly IpLink[]): IpLine[] {
  const { link, alias, address } = wanted;
  const seen = links.find(({ name }) => name === link);
  if (seen) assertOwned(seen, alias);
  const addresses = seen?.addresses ?? [];
  return [
    ...(seen ? [] : [addLine(link)]),
    ...(seen?.alias === alias ? [] : [['link', 'set', 'dev', link, 'alias', alias]]),
    ...addresses
      .filter((each) => each !== address)
      .map((each) => ['address', 'delete', each, 'dev', link]),
    ...(address && !addresses.includes(address) ? [['address', 'add', address, 'dev', link]] : []),
    ...(seen?.up ? [] : [['link', 'set', 'dev', link, 'up']]),
    ...uplinkLines(wanted, links),
  ];
}

/**
 * No spanning tree and no forwarding delay for new ports: our bridges have no redundant paths. No
 * multicast snooping: without a querier it drops traffic. A fixed MAC address: by default a bridge
 * takes its lowest port's, which changes with every container.
 */
function addLine(link: string): IpLine {
  const options = ['stp_state', '0', 'forward_delay', '0', 'mcast_snooping', '0'];
  return ['link', 'add', 'name', link, 'address', derivedMac(link), 'type', 'bridge', ...options];
}

function uplinkLines({ link, uplink, release }: DesiredBridge, links: readonly IpLink[]): IpLine[] {
  const former = links.find(({ name }) => name === release && name !== uplink);
  const leave = former?.master === link ? [['link', 'set', 'dev', former.name, 'nomaster']] : [];
  if (uplink === undefined) return leave;
  const seen = links.find(({ name }) => name === uplink);
  if (!seen) throw new Error(`cannot make bridge ${link}: the host has no interface ${uplink}`);
  if (seen.master !== undefined && seen.master !== link) {
    throw new Error(`cannot make bridge ${link}: ${uplink} belongs to ${seen.master}`);
  }
  const join = seen.master === link ? [] : [['link', 'set', 'dev', uplink, 'master', link]];
  const up = seen.up ? [] : [['link', 'set', 'dev', uplink, 'up']];
  return [...leave, ...join, ...up];
}

function assertOwned({ name, kind, alias }: IpLink, wanted: string): void {
  if (kind !== 'bridge') {
    throw new Error(`cannot make bridge ${name}: an interface of that name exists, no bridge`);
  }
  if (alias !== undefined && alias !== wanted) {
    throw new Error(`cannot make bridge ${name}: it exists and belongs to ${alias}`);
  }
}
