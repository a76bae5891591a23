import { dirname } from 'node:path';
import type { HostsSpec } from '../../model/specs.js';
import type { Kind } from '../kind.js';

export interface HostsVerbs {
  'hosts.write': { file: string; text: string };
  'hosts.remove': { file: string };
}

interface HostsSeen {
  text: string;
}

/** The names a group of containers sees in /etc/hosts. */
export const hosts: Kind<HostsSpec, unknown, HostsSeen, HostsVerbs> = {
  name: 'hosts',
  derived: true,
  table: {
    file: 'hosts.csv',
    columns: [
      { header: 'ID', value: ({ spec }) => spec.file },
      { header: 'NOM', value: ({ name }) => name },
    ],
  },
  observe(spec, _facts, probe) {
    const text = probe.text(spec.file);
    return text === undefined ? undefined : { text };
  },
  assume: ({ text }) => ({ text }),
  foreign: () => undefined,
  compare(desired, row, seen) {
    const moved = row.spec.text !== desired.spec.text;
    if (!moved && seen.text === desired.spec.text) return [];
    const cause = moved ? 'file' : 'drift';
    const reason = moved ? 'names changed' : 'changed on the host';
    return [{ attribute: 'text', cause, effect: 'update', reason }];
  },
  create: ({ spec }, reason) => [{ verb: 'hosts.write', args: spec, reason }],
  update: ({ spec }, _row, _seen, [difference]) => [
    { verb: 'hosts.write', args: spec, reason: difference?.reason ?? 'unfinished' },
  ],
  remove: ({ spec }, reason) => [{ verb: 'hosts.remove', args: { file: spec.file }, reason }],
  handlers: async ({ files }) => ({
    'hosts.write': {
      one: async ({ file, text }) => {
        await files.ensureDir(dirname(file));
        await files.overwrite(file, text);
        return undefined;
      },
    },
    'hosts.remove': {
      one: async ({ file }) => {
        await files.remove(file);
        return undefined;
      },
    },
  }),
};
