import { realpathSync } from 'node:fs';
import { linuxCgroups } from '../host/linux/cgroups/index.js';
import { linuxDisks } from '../host/linux/disks/index.js';
import { linuxFiles } from '../host/linux/files/index.js';
import { linuxProxies } from '../host/linux/haproxy/index.js';
import { linuxMasters } from '../host/linux/haproxy/masters.js';
import { linuxHealth } from '../host/linux/health/index.js';
import { linuxImageCache } from '../host/linux/images/cache.js';
import { linuxImages } from '../host/linux/images/index.js';
import { FileContents } from '../host/linux/memory-files/contents.js';
import { linuxMemoryFiles } from '../host/linux/memory-files/index.js';
import { linuxLinks } from '../host/linux/network/index.js';
import { linuxRootfs } from '../host/linux/rootfs/index.js';
import { linuxRuntime } from '../host/linux/runtime/index.js';
import { plainRoot } from '../host/linux/runtime/layout.js';
import { linuxDiskSnapshots } from '../host/linux/snapshots/disks.js';
import { linuxVolumes } from '../host/linux/volumes/index.js';
import type { Host } from '../host/ports.js';
import type { InstallPaths } from '../model/install-paths.js';

/**
 * The bundle's file names contain a hash of their content and imports: no build takes a stage that
 * another one has made.
 */
const BUILD = import.meta.url;

/**
 * The real ports. Loaded when something is to be changed, not to look.
 *
 * @param contents what this run has read of secrets and configs
 * @param options.noCache images are built without the stages that are kept, and renew them
 */
export function linuxHost(
  paths: InstallPaths,
  contents = new FileContents(() => ''),
  { noCache = false } = {},
): Host {
  const disks = linuxDisks();
  const cgroups = linuxCgroups();
  const runtime = linuxRuntime(paths, cgroups, [...ourselves(paths), 'heal']);
  return {
    links: linuxLinks(paths),
    disks,
    diskSnapshots: linuxDiskSnapshots(paths),
    rootfs: linuxRootfs(paths),
    images: linuxImages(paths),
    imageCache: linuxImageCache(paths, disks, { build: BUILD, noCache }),
    files: linuxFiles(),
    memoryFiles: linuxMemoryFiles(paths, contents, runtime),
    volumes: linuxVolumes(paths),
    cgroups,
    runtime,
    health: linuxHealth(paths, runtime),
    proxies: linuxProxies(paths, runtime),
    masters: linuxMasters(paths, runtime),
  };
}

/** This baleine for this root, as a program with its first arguments; a command follows. */
export function ourselves(paths: InstallPaths): [program: string, ...args: string[]] {
  const [node, main = ''] = process.argv;
  return [node ?? process.execPath, realpathSync(main), '--root', plainRoot(paths)];
}
