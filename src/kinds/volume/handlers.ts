import type { Host } from '../../host/ports.js';
import type { Handlers } from '../../model/step.js';

/** Not every process in a container is root; on the host, the parent folders protect it. */
const MODE = 0o755;

export interface VolumeVerbs {
  'volume.create': { path: string };
  /** Including its content. */
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
