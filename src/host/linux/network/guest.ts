import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { InstallPaths } from '../../../model/install-paths.js';
import type { LinkSpec } from '../../../model/specs.js';
import type { Wiring } from '../../ports.js';
import { smallFiles, withScratch } from '../disks/scratch.js';
import { batchText, type IpLine, runBatch } from './batch.js';
import { type IpLink, toLinks } from './observe-links.js';

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
 */
export async function configureGuests(
  paths: InstallPaths,
  wirings: readonly Wiring[],
): Promise<Guests> {
  return withScratch(smallFiles(paths), async (dir) => {
    const lines = wirings.map((wiring, index): IpLine => {
      const file = join(dir, String(index));
      writeFileSync(file, batchText(guestLines(wiring)));
      const ip = ['ip', '-force', '-json', '-details', '-batch', file];
      return ['netns', 'exec', wiring.netns, ...ip];
    });
    const answers = await Promise.all(splitWork(lines).map(runBatch));
    const complaint = answers.map((answer) => answer.complaint).filter(Boolean);
    const seen = parseGuests(answers.map(({ stdout }) => stdout).join('\n'));
    return { seen, complaint: [...new Set(complaint)].join('; ') };
  });
}

/** The alias of `lo` identifies the namespace in the output. */
function guestLines({ netns, links, withdrawn = [] }: Wiring): IpLine[] {
  return [
    ['link', 'set', 'dev', 'lo', 'alias', netns, 'up'],
    ...withdrawn.flatMap(({ device, gateway }) =>
      gateway === undefined ? [] : [['route', 'delete', 'default', 'via', gateway, 'dev', device]],
    ),
    ...links.flatMap(linkLines),
    ['address', 'show'],
    ['route', 'show', 'default'],
  ];
}

/** Leaves IPv6 at the kernel's default: only a link-local address. */
function linkLines({ device, address, gateway }: LinkSpec): IpLine[] {
  return [
    ...(address === undefined ? [] : [['address', 'replace', address, 'dev', device]]),
    ['link', 'set', 'dev', device, 'up'],
    ...(gateway === undefined
      ? []
      : [['route', 'replace', 'default', 'via', gateway, 'dev', device]]),
  ];
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

/** Splits work into non-empty parts: one per processor, at most four. */
export function splitWork<T>(all: readonly T[]): T[][] {
  const count = Math.min(availableParallelism(), 4);
  const split = Array.from({ length: count }, (_, lane) =>
    all.filter((_each, index) => index % count === lane),
  );
  return split.filter((lane) => lane.length > 0);
}
