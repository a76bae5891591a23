import { rmSync } from 'node:fs';
import { netnsName, type Site } from '../../model/site.js';
import type { Links } from '../host.js';
import { runBatch } from './links-batch.js';
import { ensureBridge } from './links-bridge.js';
import { netnsFile, readNetns } from './links-netns.js';
import { readLinks } from './links-seen.js';
import { wire } from './links-wire.js';

/** Bridges, veth pairs and network namespaces by iproute2. */
export function linuxLinks(site: Site): Links {
  return {
    ensureBridge,
    removeLink: (name) => removeLinks([name]),
    wire: async (wirings) => {
      for (const { netns } of wirings) assertOurs(site, netns);
      return wire(wirings);
    },
    unwire: removeLinks,
    removeNetns: async (names) => {
      for (const name of names) assertOurs(site, name);
      await removeNetns(names);
    },
  };
}

function assertOurs(site: Site, netns: string): void {
  if (netns.startsWith(netnsName(site, ''))) return;
  throw new Error(`cannot touch network namespace ${netns}: it is not ours`);
}

async function removeLinks(names: string[]): Promise<void> {
  const there = () => readLinks().filter(({ name }) => names.includes(name));
  const { complaint } = await runBatch(there().map(({ name }) => ['link', 'delete', 'dev', name]));
  const left = there().map(({ name }) => name);
  if (left.length > 0) throw new Error(`cannot remove interface ${left.join(', ')}: ${complaint}`);
}

/** A crash may leave the file on which a namespace would be mounted; that goes too. */
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
