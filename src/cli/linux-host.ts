import { realpathSync } from 'node:fs';
import type { Host } from '../host/host.js';
import { linuxCgroups } from '../host/linux/cgroups.js';
import { linuxDisks } from '../host/linux/disks.js';
import { linuxFiles } from '../host/linux/files.js';
import { linuxHealth } from '../host/linux/health.js';
import { linuxImages } from '../host/linux/images/index.js';
import { linuxLinks } from '../host/linux/links.js';
import { linuxProxies } from '../host/linux/proxies.js';
import { linuxRuntime } from '../host/linux/runtime/index.js';
import { plainRoot } from '../host/linux/runtime/plain-root.js';
import { linuxTrees } from '../host/linux/trees.js';
import type { Site } from '../model/site.js';

/** The real ports. Loaded when something is to be changed, not to look. */
export function linuxHost(site: Site): Host {
  const cgroups = linuxCgroups();
  const runtime = linuxRuntime(site, cgroups, ourselves(site));
  return {
    links: linuxLinks(site),
    disks: linuxDisks(),
    trees: linuxTrees(),
    images: linuxImages(site),
    files: linuxFiles(),
    cgroups,
    runtime,
    health: linuxHealth(site, runtime),
    proxies: linuxProxies(site, runtime),
  };
}

/** What a container's monitor runs, the container's id added, when it ends by itself. */
function ourselves(site: Site): string[] {
  const [node, main = ''] = process.argv;
  return [node ?? process.execPath, realpathSync(main), '--root', plainRoot(site), 'heal'];
}
