import { IMPERATIVE_STACK } from '../../../model/address.js';
import { type InstallPaths, stagingNotesDir } from '../../../model/install-paths.js';
import type { Images } from '../../ports.js';

/** Each operation is a module of its own, loaded on demand. */
export function linuxImages(paths: InstallPaths): Images {
  return {
    inspect: async (from, size, owner = IMPERATIVE_STACK) => {
      if (!('dockerfile' in from))
        return (await import('./inspect.js')).inspectImage(paths, from, size);
      return (await import('./dockerfile.js')).inspectDockerfile(
        paths,
        from.dockerfile,
        size,
        owner,
      );
    },
    checkBuild: async ({ dockerfile }) =>
      (await import('./dockerfile.js')).checkDockerfile(dockerfile),
    unpack: async (from, origin, tree) => {
      if (!('dockerfile' in from)) {
        return (await import('./unpack.js')).unpackImage(paths, from, origin, tree);
      }
      return (await import('./dockerfile.js')).unpackDockerfile(
        paths,
        from.dockerfile,
        origin,
        tree,
      );
    },
    push: async (what) => (await import('./push.js')).pushImage(paths, what),
    export: async (what, to, format) =>
      (await import('./export.js')).exportImage(what, to, format, stagingNotesDir(paths)),
  };
}
