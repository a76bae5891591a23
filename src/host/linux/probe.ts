import { accessSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type InstallPaths, lastHealthCheckFile, memoryFile } from '../../model/install-paths.js';
import type { NamespaceType } from '../../model/namespaces.js';
import type { ObservedLink, Probe } from '../ports.js';
import { isFrozen } from './cgroups/freezer.js';
import { readHierarchies, versionOf } from './cgroups/hierarchies.js';
import { groupsIn, readLimits, readOomKills } from './cgroups/read.js';
import { readUsage } from './cgroups/usage.js';
import { deviceNumber } from './device-numbers.js';
import {
  backingFileOfDevice,
  deadMountsOf,
  mountPoints,
  readMountTable,
} from './disks/mount-table.js';
import { sizesOf } from './disks/superblock.js';
import { holdsText, ifThere, readText } from './files/read.js';
import { contentAt, idsWithFiles, readMemoryFiles, shownText } from './memory-files/folder.js';
import { addresses6Of, addressesOf, gateways6Of, gatewaysOf } from './network/addresses.js';
import { observeEgress, ownNetworks } from './network/egress.js';
import { fixedAddresses, fixedNeighborsOf } from './network/fixed-addresses.js';
import { readLinks, readLinksFast, trafficOf } from './network/observe-links.js';
import { bootId, processAt, uptime } from './process/processes.js';
import { freezeHolderOf } from './runtime/with-frozen.js';

/**
 * Runs one subprocess, `ip`, and another if a new bridge must fit in. Everything else is read from
 * kernel files on demand.
 *
 * @param how.lock see `readLinksFast`
 * @param how.full list the links with details that no plan compares; not with `lock`
 */
export async function linuxProbe(
  paths: InstallPaths,
  { lock, full = false }: { lock?: string; full?: boolean } = {},
): Promise<Probe> {
  const listing = full ? readLinks() : readLinksFast(lock);
  // while ip runs
  const table = readMountTable();
  const mounted = mountPoints(table);
  const hierarchies = readHierarchies(table);
  const links = new Map((await listing).map((link) => [link.name, link]));
  const withAlias = byAlias([...links.values()]);

  return {
    bootId: bootId(),
    now: Date.now(),
    uptime: uptime(),
    link: (name) => links.get(name),
    linksWithAlias: withAlias,
    mounted: (path) => mounted.has(path),
    mountedFile: (path) => backingFileOfDevice(mounted.get(path)),
    diskSize: sizesOf,
    process: processAt,
    exists,
    file: fileAt,
    names: namesIn,
    groups: (cgroup) => groupsIn(hierarchies, cgroup),
    text: readText,
    memoryFiles: memoryFilesIn(paths),
    configText: (id, target) => shownText(contentAt(memoryFile(paths, id, target))),
    hasText: holdsText,
    limits: (cgroup, names) => readLimits(hierarchies, cgroup, names),
    device: deviceNumber,
    controller: (name) => versionOf(hierarchies, name),
    oomKills: (cgroup) => readOomKills(hierarchies, cgroup),
    frozen: (cgroup) => isFrozen(hierarchies, cgroup),
    frozenBy: (id) => freezeHolderOf(paths, id),
    addresses: addressesOf,
    gateways: gatewaysOf,
    addresses6: addresses6Of,
    gateways6: gateways6Of,
    egress: observeEgress,
    ownNetworks: () => ownNetworks([...links.values()]),
    usage: (cgroup) => readUsage(hierarchies, cgroup),
    traffic: trafficOf,
    fixed: fixedAddresses(),
    neighbors: fixedNeighborsOf,
    deadMounts: deadMountsOf,
    namespace: namespaceAt,
    exit: (id) => exitOf(join(paths.run, 'exits', id)),
    checkedAt: (id) => ifThere(() => statSync(lastHealthCheckFile(paths, id), QUIET))?.mtimeMs,
    health: () => undefined,
  };
}

/** Most containers have none: one look at the folder tells which. */
function memoryFilesIn(paths: InstallPaths): Probe['memoryFiles'] {
  let ids: ReadonlySet<string> | undefined;
  return (id) => {
    ids ??= new Set(idsWithFiles(paths));
    return ids.has(id) ? readMemoryFiles(paths, id) : undefined;
  };
}

/** Indexed, since each container looks up its own links. */
function byAlias(links: ObservedLink[]): Probe['linksWithAlias'] {
  const marked = links.flatMap((link) => (link.alias === undefined ? [] : [link as AliasIndex]));
  marked.sort((a, b) => (a.alias < b.alias ? -1 : 1));
  return (prefix) => {
    let from = 0;
    for (let to = marked.length; from < to; ) {
      const middle = (from + to) >> 1;
      if ((marked[middle] as AliasIndex).alias < prefix) from = middle + 1;
      else to = middle;
    }
    let end = from;
    while (marked[end]?.alias.startsWith(prefix)) end += 1;
    return marked.slice(from, end);
  };
}

type AliasIndex = ObservedLink & { alias: string };

/** An exception for each missing file would cost more than this check. */
const QUIET = { throwIfNoEntry: false } as const;

function namesIn(path: string): string[] {
  return ifThere(() => readdirSync(path)) ?? [];
}

/** Does not read the type, which would take ten times as long. */
function exists(path: string): boolean {
  const found = ifThere(() => {
    accessSync(path);
    return true;
  });
  return found ?? false;
}

function fileAt(path: string): ReturnType<Probe['file']> {
  const found = ifThere(() => statSync(path, QUIET));
  // stat(2): st_blocks counts 512-byte units, regardless of the file system's block size.
  return found && { size: found.size, used: found.blocks * 512, directory: found.isDirectory() };
}

/** namespaces(7): one is identified by the inode of its file, of which /proc has a link. */
function namespaceAt(of: number | string, type: NamespaceType): string | undefined {
  const path = typeof of === 'number' ? `/proc/${of}/ns/${type}` : of;
  const found = ifThere(() => statSync(path, QUIET));
  return found && String(found.ino);
}

/** conmon writes the exit code as a number, -1 after its timeout; the file's mtime is the time of the exit. */
function exitOf(path: string): ReturnType<Probe['exit']> {
  const text = readText(path)?.trim();
  const mtime = ifThere(() => statSync(path))?.mtime;
  if (!text || !/^(\d+|-1)$/.test(text) || !mtime) return undefined;
  return { code: Number(text), at: mtime.toISOString() };
}
