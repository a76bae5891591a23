import type { Host } from '../../host/ports.js';
import type { Handlers } from '../../model/step.js';

/** Not everybody in a container is root, and on the host the folder's parents keep others out. */
const MODE = 0o755;

export interface VolumeVerbs {
  'volume.create': { path: string };
  /** With everything in it. */
  'volume.remove': { path: string };
}

export function volumeHandlers({ files }: Pick<Host, 'files'>): Handlers<VolumeVerbs> {
  return {
    'volume.create': {
      one: async ({ path }) => {
        await files.ensureDir(path, MODE);
        return undefined;
      },
    },
    'volume.remove': {
      one: async ({ path }) => {
        await files.remove(path);
        return undefined;
      },
    },
  };
}
