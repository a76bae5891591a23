import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { bundleDir, hostsCopy, type InstallPaths, rootLink } from '../../../model/install-paths.js';
import { digest } from '../../../model/json.js';

/** The runtime's own state, its `--root`. */
export const stateDir = (site: InstallPaths, runtime: string) => join(site.run, 'runtime', runtime);

/** Bundles of throw-away containers, by id. */
export const throwAwayDir = (site: InstallPaths) => join(site.run, 'once');

/** conmon writes the exit code of a container there, in a file named by its id. */
export const exitsDir = (site: InstallPaths) => join(site.run, 'exits');

/**
 * conmon's attach socket is `<this>/<key>/attach`; a socket's path has at most 107 bytes (unix(7)),
 * an id up to 127, so the key is a hash.
 */
export const socketsDir = (site: InstallPaths) => join(site.run, 'sockets');
export const socketKey = (id: string) => digest(id, 16);

/** What conmon and we leave beside config.json. */
export const bundleFiles = (site: InstallPaths, id: string) => {
  const dir = bundleDir(site, id);
  return {
    dir,
    rootfs: join(dir, 'rootfs'),
    config: join(dir, 'config.json'),
    hostname: join(dir, 'hostname'),
    hosts: hostsCopy(site, id),
    resolv: join(dir, 'resolv.conf'),
    /** Of the container's first process, by conmon. */
    pid: join(dir, 'pid'),
    monitor: join(dir, 'conmon.pid'),
    /** Who was started, by us: more than a number that may be used again. */
    started: join(dir, 'started.json'),
    /** There while the monitor is to call baleine when the container ends. */
    heal: join(dir, 'heal'),
    /** conmon's own. */
    sockets: ['attach', 'ctl', 'winsz'].map((name) => join(dir, name)),
  };
};

/**
 * A path of the root that conmon can be given: it reads its arguments in the C locale, in which
 * letters beyond ASCII are an error, and cuts the path of a log at a colon. Where the root's own
 * is not so plain, a link in /run leads there; see `linkRoot`.
 */
export function plainRoot(site: InstallPaths): string {
  return PLAIN.test(site.root) ? site.root : rootLink(site);
}

/** Makes that link. */
export function linkRoot(site: InstallPaths): void {
  const path = plainRoot(site);
  if (path === site.root) return;
  try {
    symlinkSync(site.root, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Printable ASCII without a colon. */
const PLAIN = /^[ -9;-~]+$/;
