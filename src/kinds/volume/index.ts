import type { DataFacts } from '../../model/resource.js';
import type { VolumeSpec } from '../../model/specs.js';
import type { Kind } from '../kind.js';
import type { VolumeVerbs } from './verbs.js';

/** That there is a folder is all there is to see. */
export type VolumeSeen = Record<string, never>;

/** A folder of the host that outlives the containers it is bound into. */
export const volume: Kind<VolumeSpec, DataFacts, VolumeSeen, VolumeVerbs> = {
  name: 'volume',
  keepsData: (stack, name) => `baleine volume rm --stack ${stack} ${name}`,
  table: {
    file: 'volumes.csv',
    columns: [
      { header: 'ID', value: ({ stack, name }) => `${stack}.${name}` },
      { header: 'NOM_VOLUME', value: ({ name }) => name },
      { header: 'CHEMIN', value: ({ spec }) => spec.path },
    ],
  },
  identity: ({ path }) => path,
  observe: ({ path }, _facts, probe) => (probe.file(path)?.directory ? {} : undefined),
  assume: () => ({}),
  foreign: ({ path }, probe) =>
    probe.file(path) ? `${path} exists and is in no state file` : undefined,
  compare: ({ spec }, row) =>
    spec.path === row.spec.path
      ? []
      : [
          {
            attribute: 'path',
            before: row.spec.path,
            after: spec.path,
            cause: 'file',
            effect: 'replace',
            reason: `path ${row.spec.path} → ${spec.path}`,
          },
        ],
  create: ({ spec }, reason) => [{ verb: 'volume.create', args: { path: spec.path }, reason }],
  // A folder has nothing to update, but its creation may have been cut off.
  update: ({ spec }, { status }) =>
    status === 'pending'
      ? [{ verb: 'volume.create', args: { path: spec.path }, reason: 'unfinished' }]
      : [],
  // the file has it again
  learn: (_desired, { facts }) => (facts.unused ? { unused: undefined } : undefined),
  remove: ({ spec }, reason) => [{ verb: 'volume.remove', args: { path: spec.path }, reason }],
  adopt: async (...args) => (await import('./adopt.js')).adopt(...args),
  handlers: async (host) => (await import('./handlers.js')).volumeHandlers(host),
};
