import { dirname } from 'node:path';
import type { Host } from '../../host/ports.js';
import type { HostsSpec } from '../../model/specs.js';
import type { Handlers } from '../../model/step.js';

export interface HostsVerbs {
  /** Writes the file and its existing copies. */
  'hosts.write': HostsSpec;
  /** The copies belong to the containers and are removed with them. */
  'hosts.remove': { file: string };
}

export function hostsHandlers({ files }: Host): Handlers<HostsVerbs> {
  return {
    'hosts.write': {
      one: async ({ file, text, copies }) => {
        await files.ensureDir(dirname(file));
        await files.write(file, text, 0o644);
        for (const copy of copies) await files.overwrite(copy, text);
        return undefined;
      },
    },
    'hosts.remove': {
      one: async ({ file }) => {
        await files.remove(file);
        return undefined;
      },
    },
  };
}
