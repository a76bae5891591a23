import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import {
  bundleDir,
  hostsCopy,
  type InstallPaths,
  rootLink,
  startedFile,
} from '../../../model/install-paths.js';
import { digest } from '../../../model/json.js';

/** The runtime's own state, its `--root`. */
export const stateDir = (paths: InstallPaths, runtime: string) =>
  join(paths.run, 'runtime', runtime);

/** Bundles of one-off containers, by id. */
export const oneOffDir = (paths: InstallPaths) => join(paths.run, 'once');

/** conmon writes the exit code of a container to a file here, named by its id. */
export const exitsDir = (paths: InstallPaths) => join(paths.run, 'exits');

/**
 * conmon's attach socket is `<this>/<key>/attach`; the path of a socket has at most 107 bytes
 * (unix(7)) and an id up to 127, so the key is a hash.
 */
export const socketsDir = (paths: InstallPaths) => join(paths.run, 'sockets');
export const socketKey = (id: string) => digest(id, 16);

/** Files of conmon and ours beside config.json. */
export const bundleFiles = (paths: InstallPaths, id: string) => {
  const dir = bundleDir(paths, id);
  return {
    dir,
    rootfs: join(dir, 'rootfs'),
    config: join(dir, 'config.json'),
    hostname: join(dir, 'hostname'),
    hosts: hostsCopy(paths, id),
    resolv: join(dir, 'resolv.conf'),
    /** Mount point of a /dev/shm that others share. */
    shm: join(dir, 'shm'),
    /** Pid of the container's first process, written by conmon. */
    pid: join(dir, 'pid'),
    monitor: join(dir, 'conmon.pid'),
    /** Identity of the started process, written by us: a pid alone may be reused. */
    started: startedFile(paths, id),
    /** Options of CRIU: while it saves or restores the container. */
    criu: join(dir, 'criu.conf'),
    /** What CRIU says while it restores the container. */
    restoreLog: join(dir, 'restore.log'),
    /** Exists while the monitor should call baleine when the container ends. */
    heal: join(dir, 'heal'),
    /** conmon's own. */
    sockets: ['attach', 'ctl', 'winsz'].map((name) => join(dir, name)),
  };
};

/**
 * The root's path in a form that conmon accepts: it parses its arguments in the C locale, where
 * non-ASCII characters are an error, and cuts a log path at a colon. If the root's own path does
 * not qualify, a link in /run leads there; see `linkRoot`.
 */
export function plainRoot(paths: InstallPaths): string {
  return PLAIN.test(paths.root) ? paths.root : rootLink(paths);
}

/** Creates that link. */
export function linkRoot(paths: InstallPaths): void {
  const path = plainRoot(paths);
  if (path === paths.root) return;
  try {
    symlinkSync(paths.root, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Printable ASCII without a colon. */
const PLAIN = /^[ -9;-~]+$/;
