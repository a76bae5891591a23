import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Site } from '../../model/site.js';
import type { Probe, SeenLink } from '../host.js';
import { hierarchiesOf } from './cgroups-hierarchies.js';
import { readLimits, readOomKills } from './cgroups-read.js';
import { readLinks } from './links-seen.js';
import { backingFile, deadMountsOf, type Mount, readMounts } from './mounts.js';
import { addressesOf } from './probe-addresses.js';
import { bootId, startTime } from './processes.js';
import { ifThere, readText } from './read.js';

/** One subprocess, `ip`; everything else is a file the kernel offers, read when it is asked for. */
export async function linuxProbe(site: Site): Promise<Probe> {
  const links = new Map<string, SeenLink>(readLinks().map((link) => [link.name, link]));
  const mounts = readMounts();
  const visible = new Map<string, Mount>(mounts.map((mount) => [mount.path, mount]));
  const hierarchies = hierarchiesOf(mounts);
  const all = () => [...links.values()];

  return {
    bootId: bootId(),
    link: (name) => links.get(name),
    linksWithAlias: (prefix) => all().filter(({ alias }) => alias?.startsWith(prefix)),
    subnets: () =>
      all().flatMap(({ name, addresses }) => addresses.map((address) => ({ link: name, address }))),
    mount: (path) => mountAt(visible, path),
    process: startTime,
    file: fileAt,
    text: readText,
    limits: (cgroup) => readLimits(hierarchies, cgroup),
    oomKills: (cgroup) => readOomKills(hierarchies, cgroup),
    addresses: addressesOf,
    deadMounts: deadMountsOf,
    exit: (id) => exitOf(join(site.run, 'exits', id)),
  };
}

function mountAt(visible: Map<string, Mount>, path: string): ReturnType<Probe['mount']> {
  const mount = visible.get(path);
  return mount && { source: backingFile(mount.source) ?? mount.source, type: mount.type };
}

function fileAt(path: string): ReturnType<Probe['file']> {
  const found = ifThere(() => statSync(path));
  // stat(2): st_blocks counts 512 bytes each, whatever the file system's block size.
  return found && { size: found.size, used: found.blocks * 512, directory: found.isDirectory() };
}

/** conmon writes the exit code as a number; the file's age says when. */
function exitOf(path: string): ReturnType<Probe['exit']> {
  const text = readText(path)?.trim();
  const mtime = ifThere(() => statSync(path))?.mtime;
  if (!text || !/^\d+$/.test(text) || !mtime) return undefined;
  return { code: Number(text), at: mtime.toISOString() };
}
