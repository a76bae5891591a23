import { randomInt } from 'node:crypto';
import { rmSync } from 'node:fs';
import { type InstallPaths, netnsName } from '../../../model/install-paths.js';
import type { Links } from '../../ports.js';
import { type IpLine, runBatch } from './batch.js';
import { ensureBridge } from './bridge.js';
import { netnsFile, readNetns } from './netns.js';
import { type IpLink, readLinks } from './observe-links.js';
import { forgetLines } from './port-security.js';
import { wire } from './veth.js';

/** Bridges, veth pairs and network namespaces, managed with iproute2. */
export function linuxLinks(paths: InstallPaths): Links {
  return {
    ensureBridge,
    removeLink: (name) => removeLinks([name]),
    wire: async (wirings) => {
      for (const { netns } of wirings) assertOwned(paths, netns);
      return wire(paths, wirings);
    },
    unwire: removeLinks,
    removeNetns: async (names) => {
      for (const name of names) assertOwned(paths, name);
      await removeNetns(names);
    },
  };
}

function assertOwned(paths: InstallPaths, netns: string): void {
  if (netns.startsWith(netnsName(paths, ''))) return;
  throw new Error(`cannot touch network namespace ${netns}: it is not ours`);
}

async function removeLinks(names: string[]): Promise<void> {
  const seen = readLinks();
  const going = seen.filter(({ name }) => names.includes(name));
  const there = going.map(({ name }) => name);
  if (there.length === 0) return;
  const lines = [...forgetLines(going), ...removalLines(there, freeGroup(seen))];
  const { complaint } = await runBatch(lines);
  const left = readLinks().filter(({ name }) => there.includes(name));
  if (left.length > 0) {
    const shown = left.map(({ name }) => name).join(', ');
    throw new Error(`cannot remove interface ${shown}: ${complaint}`);
  }
}

/**
 * Removed at once as a link group: after each removal the kernel waits some 20 ms for users of the
 * interface, so removing them one at a time is slow.
 */
function removalLines(names: string[], group: number): IpLine[] {
  return [
    ...names.map((name) => ['link', 'set', 'dev', name, 'group', `${group}`]),
    ['link', 'delete', 'group', `${group}`],
  ];
}

/** A group that no interface is in; 0 is the default of all interfaces. */
function freeGroup(links: IpLink[]): number {
  const taken = new Set(links.map(({ group }) => group));
  for (;;) {
    const group = randomInt(2 ** 16, 2 ** 31);
    if (!taken.has(`${group}`)) return group;
  }
}

/** Also removes the mount point file of a namespace that a crash may have left behind. */
async function removeNetns(names: string[]): Promise<void> {
  const seen = readNetns();
  const { complaint } = await runBatch(
    names.filter((name) => seen.mounted(name)).map((name) => ['netns', 'delete', name]),
  );
  const after = readNetns();
  const left = names.filter((name) => after.mounted(name));
  if (left.length > 0) {
    throw new Error(`cannot remove network namespace ${left.join(', ')}: ${complaint}`);
  }
  for (const name of names) rmSync(netnsFile(name), { force: true });
}
