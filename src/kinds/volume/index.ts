import { isAbsolute } from 'node:path';
import { UserError } from '../../model/errors.js';
import type { DataFacts, Resource } from '../../model/resource.js';
import type { VolumeSpec } from '../../model/specs.js';
import type { Adopted, Adoption, Kind } from '../kind.js';
import type { VolumeVerbs } from './handlers.js';

/** Only the existence of the folder is observed. */
export type ObservedVolume = Record<string, never>;

/** A host folder that outlives the containers it is mounted in. */
export const volume: Kind<VolumeSpec, DataFacts, ObservedVolume, VolumeVerbs> = {
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
  // A folder has nothing to update, but its creation may have been interrupted.
  update: ({ spec }, { status }) =>
    status === 'pending'
      ? [{ verb: 'volume.create', args: { path: spec.path }, reason: 'unfinished' }]
      : [],
  // the file declares it again
  factUpdate: (_desired, { facts }) => (facts.unused ? { unused: undefined } : undefined),
  remove: ({ spec }, reason) => [{ verb: 'volume.remove', args: { path: spec.path }, reason }],
  adopt,
  handlers: async (host) => (await import('./handlers.js')).volumeHandlers(host),
};

/**
 * Imports a folder with its data. A folder elsewhere is moved, so that destroy never removes
 * anything outside our root.
 */
async function adopt(
  { address, spec }: Resource<VolumeSpec>,
  id: string | undefined,
  { host, probe }: Adoption,
): Promise<Adopted<VolumeSpec>> {
  const folder = id ?? spec.path;
  if (!isAbsolute(folder) || !probe.file(folder)?.directory) {
    throw new UserError(`cannot import ${address}: folder ${folder} does not exist`);
  }
  if (folder !== spec.path) {
    await host.files.move(folder, spec.path).catch((error: Error) => {
      throw new UserError(
        error.message,
        [
          'Copy it there, then import it without naming a folder:',
          `  mkdir -p ${spec.path} && cp -a ${folder}/. ${spec.path}/`,
        ],
        { cause: error },
      );
    });
  }
  return { spec, facts: {}, status: 'ready' };
}
