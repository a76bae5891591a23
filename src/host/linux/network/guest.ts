import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InstallPaths } from '../../../model/install-paths.js';
import type { LinkSpec } from '../../../model/specs.js';
import type { Wiring } from '../../ports.js';
import { smallFiles, withScratch } from '../disks/scratch.js';
import { run } from '../process/run.js';
import { splitWork } from '../process/split-work.js';
import { batchText, type IpLine, runBatch } from './batch.js';
import { type IpLink, mtuOf, toLinks } from './observe-links.js';

type Macs = ReadonlyMap<string, string | undefined>;

/** A container's network namespace seen from inside. */
export interface Guest {
  links: IpLink[];
  /** Default routes. */
  routes: { gateway?: string; dev?: string }[];
}

export interface Guests {
  /** By name of the namespace; without namespaces that could not be entered. */
  seen: Map<string, Guest>;
  complaint: string;
}

/**
 * Sets addresses and routes inside the namespaces and reads the result, with one `ip netns exec`
 * per namespace, started by a few `ip -batch` processes: netlink cannot set an address in another
 * namespace. Every command is idempotent.
 *
 * @param macs of the host's bridges, by their interface
 */
export async function configureGuests(
  paths: InstallPaths,
  wirings: readonly Wiring[],
  macs: Macs,
): Promise<Guests> {
  return withScratch(smallFiles(paths), async (dir) => {
    const lines = wirings.map((wiring, index): IpLine => {
      const file = join(dir, String(index));
      writeFileSync(file, batchText(guestLines(wiring, macs)));
      const ip = ['ip', '-force', '-json', '-details', '-batch', file];
      return ['netns', 'exec', wiring.netns, ...ip];
    });
    const answers = await Promise.all(splitWork(lines).map((each) => runBatch(each)));
    const complaint = answers.map((answer) => answer.complaint).filter(Boolean);
    const seen = parseGuests(answers.map(({ stdout }) => stdout).join('\n'));
    return { seen, complaint: [...new Set(complaint)].join('; ') };
  });
}

/** The alias of `lo` identifies the namespace in the output. */
function guestLines({ netns, links, withdrawn = [] }: Wiring, macs: Macs): IpLine[] {
  return [
    ['link', 'set', 'dev', 'lo', 'alias', netns, 'up'],
    ...withdrawn.flatMap(({ device, gateway, gateway6, address6 }) => [
      ...[gateway, gateway6].flatMap((each) =>
        each === undefined ? [] : [['route', 'delete', 'default', 'via', each, 'dev', device]],
      ),
      ...(address6 === undefined ? [] : [['address', 'delete', address6, 'dev', device]]),
    ]),
    ...links.flatMap(linkLines),
    ...links.flatMap((link) => neighborLines(link, macs)),
    ['address', 'show'],
    hasIpv6({ links, withdrawn })
      ? ['route', 'show', 'table', 'all', 'default']
      : ['route', 'show', 'default'],
  ];
}

const hasIpv6 = ({ links, withdrawn = [] }: Pick<Wiring, 'links' | 'withdrawn'>) =>
  [...links, ...withdrawn].some((each) => (each.address6 ?? each.gateway6) !== undefined);

/**
 * Without an IPv6 address of ours, IPv6 stays at the kernel's default: a link-local address. One of
 * ours can be used at once: nobody is asked whether they have it, too.
 */
function linkLines(link: LinkSpec): IpLine[] {
  const { device, address, address6, gateway, gateway6 } = link;
  return [
    ...(address === undefined ? [] : [['address', 'replace', address, 'dev', device]]),
    ...(address6 === undefined ? [] : [['address', 'replace', address6, 'dev', device, 'nodad']]),
    ['link', 'set', 'dev', device, 'mtu', `${mtuOf(link)}`, 'up'],
    ...(gateway6 === undefined
      ? []
      : [['route', 'replace', 'default', 'via', gateway6, 'dev', device]]),
    ...(gateway === undefined
      ? []
      : [['route', 'replace', 'default', 'via', gateway, 'dev', device]]),
  ];
}

/**
 * Nothing on a bridge assigns addresses or is a router but by its file, so no interface with an IPv6
 * address of ours believes in router advertisements. Set before it is up, in the namespace alone:
 * a program in it sees the parameters of its own network (ip-sysctl.rst).
 *
 * @returns its complaint for each namespace where it failed
 */
export async function ignoreAdvertisements(
  wirings: readonly Wiring[],
): Promise<Map<string, string>> {
  const found = await Promise.all(
    wirings.map(async ({ netns, links }): Promise<[string, string][]> => {
      const devices = links.filter((each) => each.address6 !== undefined);
      if (devices.length === 0) return [];
      const files = devices.flatMap(({ device }) =>
        ['accept_ra', 'autoconf', 'disable_ipv6'].map(
          (name) => `/proc/sys/net/ipv6/conf/${device}/${name}`,
        ),
      );
      const words = [`--net=/run/netns/${netns}`, '--', 'tee', '--', ...files];
      const { code, stderr } = await run('nsenter', words, { input: '0', reject: false });
      return code === 0 ? [] : [[netns, stderr.trim().split('\n')[0] ?? '']];
    }),
  );
  return new Map(found.flat());
}

/**
 * Fixed entries of who has which address, which no packet changes, in place of those before. Without
 * any, neighbors are asked as everywhere.
 */
function neighborLines({ device, bridge_link, neighbors = {} }: LinkSpec, macs: Macs): IpLine[] {
  const entries = Object.entries(neighbors).flatMap(([address, owner]): IpLine[] => {
    const mac = owner === 'host' ? macs.get(bridge_link) : owner;
    const fixed = ['dev', device, 'nud', 'permanent'];
    return mac === undefined ? [] : [['neighbor', 'replace', address, 'lladdr', mac, ...fixed]];
  });
  return [['neighbor', 'flush', 'dev', device, 'nud', 'permanent'], ...entries];
}

/** Each line is the answer to one command: links, then routes, then the next namespace. */
export function parseGuests(stdout: string): Map<string, Guest> {
  const seen = new Map<string, Guest>();
  let current: Guest | undefined;
  for (const line of stdout.split('\n').filter((each) => each.startsWith('['))) {
    const answer = JSON.parse(line) as Record<string, unknown>[];
    if (!answer.some((each) => 'ifname' in each)) {
      current?.routes.push(...answer);
      continue;
    }
    current = { links: toLinks(answer), routes: [] };
    const name = current.links.find((link) => link.name === 'lo')?.alias;
    if (name !== undefined) seen.set(name, current);
  }
  return seen;
}
