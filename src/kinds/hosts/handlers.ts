import { dirname } from 'node:path';
import type { Host } from '../../host/host.js';
import type { Handlers } from '../../model/step.js';
import type { HostsVerbs } from './verbs.js';

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
