import type { Images } from '../../host.js';

/** Each act is a module of its own, loaded when it is asked for. */
export function linuxImages(): Images {
  return {
    inspect: async (from, size) => (await import('./inspect.js')).inspectImage(from, size),
    unpack: async (from, origin, tree) =>
      (await import('./unpack.js')).unpackImage(from, origin, tree),
    export: async (what, to, format) => (await import('./export.js')).exportImage(what, to, format),
  };
}
