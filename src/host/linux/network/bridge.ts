import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../../model/errors.js';
import { derivedMac } from '../../../model/mac.js';
import type { DesiredBridge } from '../../ports.js';
import { readText } from '../files/read.js';
import { type IpLine, runBatch } from './batch.js';
import { type IpLink, readLinks } from './observe-links.js';

/** Creates a bridge or corrects differences, and reads it back. */
export async function ensureBridge(wanted: DesiredBridge): Promise<void> {
  if (wanted.address6 !== undefined) await prepareIpv6(wanted);
  const links = readLinks();
  const lines = bridgeLines(wanted, links);
  if (lines.length > 0) await applyLines(lines, wanted);
  const { ipv6 } = links.find(({ name }) => name === wanted.link) ?? {};
  const released = wanted.release6 !== undefined;
  const isUnused = wanted.address6 === undefined && (ipv6 !== 'global' || released);
  if (wanted.uplink === undefined && isUnused) withoutIpv6(wanted.link);
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
  const file = parameter(link, 'disable_ipv6');
  // absent: the kernel has no IPv6
  if (readText(file)?.trim() === '0') writeFileSync(file, '1');
}

/** A kernel parameter of one interface (ip-sysctl.rst). */
const parameter = (link: string, name: string) => join('/proc/sys/net/ipv6/conf', link, name);

/**
 * Before the bridge is up or has an address: any container could claim to be a router, and the host
 * must not believe it. The kernel's default of `disable_ipv6` may be 1.
 */
async function prepareIpv6({ link, alias }: DesiredBridge): Promise<void> {
  const made = readLinks().some(({ name }) => name === link);
  if (!made) await runBatch([addLine(link), ['link', 'set', 'dev', link, 'alias', alias]]);
  for (const name of ['accept_ra', 'autoconf', 'accept_redirects', 'disable_ipv6']) {
    const file = parameter(link, name);
    if (readText(file)?.trim() === '0') continue;
    try {
      writeFileSync(file, '0');
    } catch (error) {
      throw new Error(
        `cannot make bridge ${link}: ${file} cannot be set to 0, and router advertisements of containers would count: ${messageOf(error)}`,
      );
    }
  }
}

/** The necessary commands; empty if the bridge is as desired. */
export function bridgeLines(wanted: DesiredBridge, links: readonly IpLink[]): IpLine[] {
  const { link, alias, address, address6, release6 } = wanted;
  const seen = links.find(({ name }) => name === link);
  if (seen) assertOwned(seen, alias);
  const addresses = seen?.addresses ?? [];
  const addresses6 = seen?.addresses6 ?? [];
  return [
    ...(seen ? [] : [addLine(link)]),
    ...(seen?.alias === alias ? [] : [['link', 'set', 'dev', link, 'alias', alias]]),
    ...addresses
      .filter((each) => each !== address)
      .map((each) => ['address', 'delete', each, 'dev', link]),
    ...(address && !addresses.includes(address) ? [['address', 'add', address, 'dev', link]] : []),
    ...addresses6
      .filter((each) => each === release6 && each !== address6)
      .map((each) => ['address', 'delete', each, 'dev', link]),
    // it was chosen so that nobody else has it: no time is lost asking the network
    ...(address6 && !addresses6.includes(address6)
      ? [['address', 'add', address6, 'dev', link, 'nodad']]
      : []),
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
