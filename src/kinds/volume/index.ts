import { dirname, isAbsolute } from 'node:path';
import type { NewVolume } from '../../host/ports.js';
import { fromFile } from '../../model/difference.js';
import { UserError } from '../../model/errors.js';
import { formatBytes } from '../../model/format.js';
import { isUnfinishedVolume, volumeFile } from '../../model/install-paths.js';
import { equal, exact } from '../../model/json.js';
import type { Difference } from '../../model/plan.js';
import type { Resource, Row } from '../../model/resource.js';
import type { ContainerSpec, VolumeFacts, VolumeSpec } from '../../model/specs.js';
import type { StepOf } from '../../model/step.js';
import type { Writer } from '../hooks.js';
import type { Adopted, Adoption, Kind, Preservation } from '../kind.js';
import type { VolumeVerbs } from './handlers.js';

/** The existence of its folder, or of its file. */
export interface ObservedVolume {
  /** Of one with a size. */
  mounted?: boolean;
  /** Its data is beside its folder: a restore or a change of its size was interrupted. */
  unfinished?: true;
}

/** The name of a task. */
export const BACKUP = 'backup';

/** A host folder that outlives the containers it is mounted in. */
export const volume: Kind<VolumeSpec, VolumeFacts, ObservedVolume, VolumeVerbs> = {
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
  observe: ({ path, size }, _facts, probe) => {
    const file = volumeFile(path);
    if (size === undefined && probe.file(path)?.directory) return {};
    if (size !== undefined && probe.exists(file)) {
      return { mounted: probe.mountedFile(path) === file };
    }
    const isBeside = (name: string) => isUnfinishedVolume(path, name);
    return probe.names(dirname(path)).some(isBeside) ? { unfinished: true } : undefined;
  },
  assume: ({ size }) => (size === undefined ? {} : { mounted: true }),
  foreign: ({ path }, probe) => {
    const found = [path, volumeFile(path)].find((each) => probe.exists(each));
    return found ? `${found} exists and is in no state file` : undefined;
  },
  compare,
  schedules: ({ snapshots, backup }) => ({
    ...(snapshots && { snapshot: snapshots.schedule }),
    ...(backup?.schedule && { [BACKUP]: backup.schedule }),
  }),
  note: (_desired, { facts }) => {
    const failure = facts.due?.[BACKUP]?.failure;
    return failure === undefined ? undefined : `its backup fails: ${failure}`;
  },
  creation: (desired) => seedText(desired),
  create: (desired, reason) => [createStep(desired, reason)],
  update: (desired, { status }, _observed, differences) => {
    const content = differences.find(({ attribute }) => attribute === 'content');
    if (content) return [createStep(desired, content.reason)];
    if (status === 'pending') return [createStep(desired, 'unfinished')];
    const sized = differences.filter(({ attribute }) => ['size', 'mount'].includes(attribute));
    if (sized.length > 0) {
      const reason = sized.map((each) => each.reason).join(', ');
      return [{ verb: 'volume.ensure', args: creation(desired), reason }];
    }
    const rights = differences.filter(({ attribute }) => RIGHTS.includes(attribute));
    if (rights.length === 0) return [];
    const { path, owner, mode } = desired.spec;
    const args = { path, how: { ...(owner && { owner }), ...(mode && { mode }) } };
    const reason = rights.map((each) => each.reason).join(', ');
    return [{ verb: 'volume.own', args, reason }];
  },
  // the file declares it again
  factUpdate: (_desired, { facts }) => (facts.unused ? { unused: undefined } : undefined),
  release: ({ spec }, { mounted }) =>
    mounted
      ? [{ verb: 'volume.release', args: { path: spec.path }, reason: 'nothing uses it' }]
      : [],
  preserve,
  remove: ({ spec }, reason) => [{ verb: 'volume.remove', args: { path: spec.path }, reason }],
  adopt,
  preflight: async () => (await import('./preflight.js')).preflight,
  handlers: async (host) => (await import('./handlers.js')).volumeHandlers(host),
};

type VolumeRow = Row<VolumeSpec, VolumeFacts>;

/** Of the folder itself. A program may change them, so that only the file's own changes count. */
const RIGHTS = ['owner', 'mode'];

const RECORDED = [
  'owner',
  'mode',
  'labels',
  'snapshots',
  'backup',
  'snapshot_on_change',
] as const satisfies (keyof VolumeSpec)[];

/** A snapshot; that of an attempt at the same change, which did not get as far, makes way for it. */
function preserve(
  { spec: { snapshot_on_change: how } }: Resource<VolumeSpec>,
  { name, spec: { path, size }, facts: { preserved } }: VolumeRow,
  users: readonly Row[],
  change: string,
): Preservation<VolumeVerbs> | undefined {
  if (!how) return undefined;
  const writers = users
    .filter(({ kind }) => kind === 'container')
    .map(({ spec }) => {
      const { id, pre_snapshot, post_snapshot } = spec as ContainerSpec;
      return exact<Writer>({ id, pre_snapshot, post_snapshot });
    });
  const former = preserved?.change === change ? { former: preserved.tag } : {};
  const args = { path, isFolder: size === undefined, writers, keep: how.keep, change, ...former };
  return {
    steps: [{ verb: 'volume.snapshot', args, reason: 'containers that mount it are replaced' }],
    text: `snapshot of volume.${name} first`,
  };
}

function compare(
  desired: Resource<VolumeSpec>,
  { spec: before, facts }: VolumeRow,
  { mounted, unfinished }: ObservedVolume,
): Difference[] {
  const { path, size } = desired.spec;
  const [seeded] = facts.unseeded ? seedText(desired) : [];
  return [
    ...(path === before.path
      ? []
      : [
          {
            attribute: 'path',
            before: before.path,
            after: path,
            cause: 'file',
            effect: 'replace',
            reason: `path ${before.path} → ${path}`,
          } as const,
        ]),
    ...(size === before.size ? [] : [resized(before.size, size)]),
    ...(mounted === false ? [NOT_MOUNTED] : []),
    ...(unfinished ? [UNFINISHED] : []),
    ...RECORDED.filter((name) => !equal(before[name], desired.spec[name])).map((name) =>
      fromFile(name, before[name], desired.spec[name]),
    ),
    ...(seeded === undefined
      ? []
      : [{ attribute: 'content', cause: 'file', effect: 'update', reason: seeded } as const]),
  ];
}

function resized(before: number | undefined, after: number | undefined): Difference {
  const [from, to] = [before, after].map((each) =>
    each === undefined ? 'none' : formatBytes(each),
  );
  return { ...fromFile('size', before, after), reason: `size ${from} → ${to}` };
}

const NOT_MOUNTED: Difference = {
  attribute: 'mount',
  cause: 'drift',
  effect: 'update',
  reason: 'not mounted',
};

const UNFINISHED: Difference = {
  ...NOT_MOUNTED,
  reason: 'a restore or a change of its size was interrupted',
};

/** Where the first content comes from; none if no container that is known mounts it. */
function seedText({ seeds: [seed] = [] }: Resource<VolumeSpec>): string[] {
  return seed ? [`seeded from ${seed.from} of image ${seed.image.name}`] : [];
}

function createStep(desired: Resource<VolumeSpec>, reason: string): StepOf<VolumeVerbs> {
  return { verb: 'volume.create', args: creation(desired), reason };
}

function creation({ spec, seeds: [seed] = [] }: Resource<VolumeSpec>): {
  path: string;
  how: NewVolume;
} {
  const { path, size, owner, mode } = spec;
  const how = {
    ...(size !== undefined && { size }),
    ...(owner && { owner }),
    ...(mode && { mode }),
    ...(seed && { seed: { image: seed.image.file, from: seed.from } }),
  };
  return { path, how };
}

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
  // the next plan gives it its size
  const { size: _, ...found } = spec;
  return { spec: found, facts: {}, status: 'ready' };
}
