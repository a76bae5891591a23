import type { Host } from '../../host/host.js';
import type { Handlers } from '../../model/step.js';
import type { VolumeVerbs } from './verbs.js';

/** Not everybody in a container is root, and on the host the folder's parents keep others out. */
const MODE = 0o755;

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
