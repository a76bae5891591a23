import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { InstallPaths } from '../../../model/install-paths.js';
import type { LinkSpec } from '../../../model/specs.js';
import type { Wiring } from '../../ports.js';
import { smallFiles, withScratch } from '../disks/scratch.js';
import { batchText, type IpLine, runBatch } from './batch.js';
import { type IpLink, toLinks } from './observe-links.js';

/** A container's network namespace as seen from within. */
export interface Guest {
  links: IpLink[];
  /** Default routes. */
  routes: { gateway?: string; dev?: string }[];
}

export interface Guests {
  /** By name of the namespace; those that could not be entered are absent. */
  seen: Map<string, Guest>;
  complaint: string;
}

/**
 * Sets addresses and routes inside and reads the outcome, by one `ip netns exec` for each
 * namespace, which a few `ip -batch` start among them: netlink has no way to set an address in
 * another namespace. Every line can be repeated.
 */
export async function configureGuests(
  site: InstallPaths,
  wirings: readonly Wiring[],
): Promise<Guests> {
  return withScratch(smallFiles(site), async (dir) => {
    const lines = wirings.map((wiring, index): IpLine => {
      const file = join(dir, String(index));
      writeFileSync(file, batchText(guestLines(wiring)));
      const ip = ['ip', '-force', '-json', '-details', '-batch', file];
      return ['netns', 'exec', wiring.netns, ...ip];
    });
    const answers = await Promise.all(lanes(lines).map(runBatch));
    const complaint = answers.map((answer) => answer.complaint).filter(Boolean);
    const seen = parseGuests(answers.map(({ stdout }) => stdout).join('\n'));
    return { seen, complaint: [...new Set(complaint)].join('; ') };
  });
}

/** The alias on `lo` says whose output is whose. */
function guestLines({ netns, links }: Wiring): IpLine[] {
  return [
    ['link', 'set', 'dev', 'lo', 'alias', netns, 'up'],
    ...links.flatMap(linkLines),
    ['address', 'show'],
    ['route', 'show', 'default'],
  ];
}

/** IPv6 stays as the kernel has it: a link-local address and nothing else. */
function linkLines({ device, address, gateway }: LinkSpec): IpLine[] {
  return [
    ...(address === undefined ? [] : [['address', 'replace', address, 'dev', device]]),
    ['link', 'set', 'dev', device, 'up'],
    ...(gateway === undefined
      ? []
      : [['route', 'replace', 'default', 'via', gateway, 'dev', device]]),
  ];
}

/** Each line is one command's answer: links first, then routes, then the next namespace. */
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

/** Shares work out: as many parts as there are processors, four at most, none empty. */
export function lanes<T>(all: readonly T[]): T[][] {
  const count = Math.min(availableParallelism(), 4);
  const split = Array.from({ length: count }, (_, lane) =>
    all.filter((_each, index) => index % count === lane),
  );
  return split.filter((lane) => lane.length > 0);
}
