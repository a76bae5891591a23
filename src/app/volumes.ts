import { folderSize } from '../host/linux/files/folder-size.js';
import { addressOf, byName, IMPERATIVE_STACK } from '../model/address.js';
import { UserError } from '../model/errors.js';
import type { Row } from '../model/resource.js';
import { findDestroyed } from '../state/aux-tables.js';
import type { Store } from '../state/store.js';
import type { Context } from './context.js';
import { applyChange, executeBriefly, withStoreOrWait } from './imperative/change.js';
import {
  imperativeRow,
  namedAddress,
  refuseExisting,
  refuseUsed,
  rowsOf,
} from './imperative/record.js';
import { planDeleteData } from './make-plan.js';
import type { ChangeOptions } from './options.js';
import { usersOf } from './volume-users.js';

type VolumeRow = ReturnType<typeof rowsOf<'volume'>>[number];

/** A volume as `volume list --json` has it. */
export interface ListedVolume {
  name: string;
  stack: string;
  /** The folder on the host. */
  path: string;
  /** Ids of the containers that it is bound into. */
  containers: string[];
  /** It is in no file any more: `volume prune --all` removes it. */
  unused: boolean;
}

/** Volumes of every stack. */
export function listVolumes(context: Context): ListedVolume[] {
  const { rows } = context.state();
  return rowsOf(rows, 'volume')
    .sort((a, b) => byName(a.stack, b.stack) || byName(a.name, b.name))
    .map((row) => {
      const { name, stack } = row;
      const { path } = row.spec;
      const containers = usersOf(rows, path).map(({ spec }) => spec.id);
      const unused =
        stack !== IMPERATIVE_STACK && containers.length === 0 && isUnused(row, context);
      return { name, stack, path, containers, unused };
    });
}

/**
 * Creates an empty volume; the first container that mounts it fills it from its image.
 *
 * @param entry its keys, as in a file
 */
export function createVolume(
  context: Context,
  name: string,
  entry: object,
  options: ChangeOptions,
): Promise<number> {
  const purpose = `create volume ${name}`;
  return applyChange(context, options, (rows) => {
    refuseExisting(rows, 'volume', name, purpose);
    const target = namedAddress('volume', name, purpose);
    return { purpose, entries: { volumes: { [name]: entry } }, targets: [target] };
  });
}

/** Details of volumes, with what their data occupies. */
export function inspectVolumes(
  context: Context,
  names: readonly string[],
  stack: string | undefined,
): object[] {
  const { rows } = context.state();
  const listed = listVolumes(context);
  return names.map((name) => {
    const row = namedRow(rows, name, stack, `inspect volume ${name}`);
    const found = listed.find((each) => each.name === name && each.stack === row.stack);
    const { files, allocated, complete } = folderSize(row.spec.path);
    const size = { files, used: allocated, ...(!complete && { incomplete: true }) };
    return { ...found, ...row.spec, ...row.facts, ...size, protect: row.protect };
  });
}

/** Removes volumes with their data. Refuses a volume that is still in a file. */
export function removeVolumes(
  context: Context,
  names: string[],
  options: ChangeOptions & { stack?: string },
): Promise<number> {
  return withStoreOrWait(context, options, (store) => {
    const { rows } = store;
    const removed = names.map((name) => {
      const purpose = `remove volume ${name}`;
      const row = namedRow(rows, name, options.stack, purpose);
      refuseUsed(purpose, usersOf(rows, row.spec.path));
      if (isUnused(row, context)) return row;
      throw new UserError(
        `cannot ${purpose}: it is in the file of stack ${row.stack}`,
        'Remove it there and apply; its data is kept until it is removed by name.',
      );
    });
    return deleteVolumes(context, store, removed, options);
  });
}

/** Volumes that nothing mounts: imperative ones, and with `all` those of stacks that are in no file. */
export function unusedVolumes(
  rows: readonly Row[],
  context: Context,
  { all = false } = {},
): VolumeRow[] {
  return rowsOf(rows, 'volume').filter(
    (row) =>
      (all || row.stack === IMPERATIVE_STACK) &&
      isUnused(row, context) &&
      usersOf(rows, row.spec.path).length === 0,
  );
}

/** One plan for each stack. */
export async function deleteVolumes(
  context: Context,
  store: Store,
  volumes: readonly VolumeRow[],
  options: ChangeOptions,
): Promise<number> {
  let worst = 0;
  for (const stack of new Set(volumes.map((row) => row.stack))) {
    const targets = volumes
      .filter((row) => row.stack === stack)
      .map(({ name }) => addressOf('volume', name));
    const plan = await planDeleteData(context, stack, store.rows, targets);
    worst = Math.max(worst, await executeBriefly(context, store, options, plan));
  }
  return worst;
}

/** The volume in the named stack; else the imperative one; else the only one of that name. */
export function namedRow(
  rows: readonly Row[],
  name: string,
  stack: string | undefined,
  purpose: string,
): VolumeRow {
  const found = rowsOf(rows, 'volume').filter(
    (row) => row.name === name && (stack === undefined || row.stack === stack),
  );
  const own = found.find((row) => row.stack === (stack ?? IMPERATIVE_STACK));
  const [first, second] = found;
  if (own) return own;
  if (first && !second) return first;
  if (!first) return imperativeRow(rows, 'volume', name, purpose);
  const stacks = found.map((row) => row.stack).join(', ');
  throw new UserError(
    `cannot ${purpose}: stacks ${stacks} have one of that name`,
    'Give --stack NAME.',
  );
}

/** Whether it is in no file: imperative, removed from its file, or kept from a destroyed stack. */
function isUnused({ stack, facts }: VolumeRow, { paths: { root } }: Context): boolean {
  return (
    stack === IMPERATIVE_STACK ||
    facts.unused === true ||
    findDestroyed(root, { stack }) !== undefined
  );
}
