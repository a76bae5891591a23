import type { Trees } from '../host.js';
import { bytePath } from './files/byte-path.js';

/** Each way to fill a tree is a module of its own, loaded when an image is built. */
export function linuxTrees(): Trees {
  return {
    debian: async (source, tree) => (await import('./trees-debian.js')).installDebian(source, tree),
    extract: async (archive, tree) => (await import('./trees-tar.js')).extractTar(archive, tree),
    host: async (source, tree) => (await import('./trees-host.js')).copyFromHost(source, tree),
    copy: async (from, tree, to, how) =>
      (await import('./rootfs/copy-in.js')).copyInto(
        bytePath(from),
        bytePath(tree),
        bytePath(to),
        how,
      ),
  };
}
