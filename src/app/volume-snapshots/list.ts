import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { listSnapshots, sizeOf } from '../../host/linux/snapshots/store.js';
import { byName, IMPERATIVE_STACK } from '../../model/address.js';
import { UserError } from '../../model/errors.js';
import { DISK_SNAPSHOTS, snapshotsDir, volumeDir } from '../../model/install-paths.js';
import type { Context } from '../context.js';
import { withStoreOrWait } from '../imperative/change.js';
import { rowsOf } from '../imperative/record.js';
import type { SnapshotOptions } from './take.js';

/** A snapshot as `volume snapshots --json` has it. */
export interface ListedSnapshot {
  volume: string;
  stack: string;
  tag: string;
  /** ISO 8601. */
  taken: string;
  /** Bytes of the volume's own file system, if it had one. */
  size?: number;
  /** Bytes that it occupies, those it shares with others included. */
  used: number;
}

/** The snapshots of these volumes, or of all; also of those that are gone. The oldest first. */
export function listVolumeSnapshots(
  context: Context,
  names: readonly string[],
  stack: string | undefined,
): ListedSnapshot[] {
  for (const name of names) {
    if (placesOf(context, name, stack).length === 0) {
      throw new UserError(`cannot list snapshots of volume ${name}: there is none of that name`);
    }
  }
  return volumesWithSnapshots(context)
    .filter((each) => names.length === 0 || names.includes(each.volume))
    .filter((each) => stack === undefined || each.stack === stack)
    .flatMap(({ volume, stack: owner, dir }) =>
      listSnapshots(dir).map(({ tag, taken, size }) => ({
        ...{ volume, stack: owner, tag, taken: new Date(taken).toISOString() },
        ...(size !== undefined && { size }),
        used: sizeOf(join(dir, tag)).bytes,
      })),
    );
}

/** Removes snapshots by name. */
export function removeVolumeSnapshots(
  context: Context,
  name: string,
  tags: readonly string[],
  options: SnapshotOptions,
): Promise<number> {
  return withStoreOrWait(context, options, async () => {
    const found = tags.map((tag) => snapshotNamed(context, name, tag, options.stack, 'remove'));
    const { volumes } = await context.host();
    for (const folder of found) await volumes.removeSnapshot(folder);
    return 0;
  });
}

/** The folder of one snapshot. @throws UserError if there is none, or several volumes have one */
export function snapshotNamed(
  context: Context,
  name: string,
  tag: string,
  stack: string | undefined,
  verb: string,
): string {
  const purpose = `${verb} snapshot ${tag} of volume ${name}`;
  const places = placesOf(context, name, stack);
  const found = places.filter(({ dir }) => listSnapshots(dir).some((each) => each.tag === tag));
  const [first, second] = found;
  if (first && second) {
    const stacks = found.map((each) => each.stack).join(', ');
    throw new UserError(`cannot ${purpose}: stacks ${stacks} have one`, 'Give --stack NAME.');
  }
  if (first) return join(first.dir, tag);
  throw new UserError(
    `cannot ${purpose}: there is none`,
    'baleine volume snapshots shows what there is.',
  );
}

/** Volumes of that name, also those that are gone and whose snapshots are not. */
function placesOf(context: Context, name: string, stack: string | undefined) {
  const { rows } = context.state();
  const known = rowsOf(rows, 'volume').map((row) => ({
    ...{ volume: row.name, stack: row.stack, dir: snapshotsDir(row.spec.path) },
  }));
  const all = [...known, ...volumesWithSnapshots(context)];
  const unique = new Map(all.map((each) => [each.dir, each]));
  const found = [...unique.values()].filter(({ volume }) => volume === name);
  if (stack !== undefined) return found.filter((each) => each.stack === stack);
  const own = found.filter((each) => each.stack === IMPERATIVE_STACK);
  return own.length > 0 ? own : found;
}

/** What has a folder of snapshots: volumes, or names of containers after `DISK_SNAPSHOTS`. */
export function foldersWithSnapshots({ paths }: Context): { stack: string; folder: string }[] {
  const base = join(paths.root, 'snapshots');
  return foldersIn(base)
    .flatMap((stack) => foldersIn(join(base, stack)).map((folder) => ({ stack, folder })))
    .sort((a, b) => byName(a.stack, b.stack) || byName(a.folder, b.folder));
}

/** A volume that was renamed has its present name. */
function volumesWithSnapshots(context: Context) {
  const { paths } = context;
  const { rows } = context.state();
  const names = rowsOf(rows, 'volume').map(
    (row) => [snapshotsDir(row.spec.path), { volume: row.name, stack: row.stack }] as const,
  );
  const named = new Map(names);
  return foldersWithSnapshots(context)
    .filter(({ folder }) => !folder.startsWith(DISK_SNAPSHOTS))
    .map(({ stack, folder }) => {
      const dir = snapshotsDir(volumeDir(paths, stack, folder));
      return { stack, volume: folder, ...named.get(dir), dir };
    })
    .sort((a, b) => byName(a.stack, b.stack) || byName(a.volume, b.volume));
}

const foldersIn = (dir: string) => (existsSync(dir) ? readdirSync(dir) : []);
