import type { InstallPaths } from '../../../model/install-paths.js';
import type { Rootfs } from '../../ports.js';
import { bytePath } from '../files/open-folder.js';

/** Each way to fill a tree is a module of its own, loaded on demand. */
export function linuxRootfs(paths: InstallPaths): Rootfs {
  return {
    debian: async (source, tree) => (await import('./debian.js')).installDebian(source, tree),
    debianInputs: async (source) => (await import('./debian.js')).debianInputs(source, paths),
    extract: async (archive, tree) => (await import('./tar.js')).extractTar(archive, tree),
    host: async (source, tree) => (await import('./host-files.js')).copyFromHost(source, tree),
    copy: async (from, tree, to, how) =>
      (await import('./copy-in.js')).copyInto(bytePath(from), bytePath(tree), bytePath(to), how),
  };
}
