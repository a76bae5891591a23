import { dirname } from 'node:path';
import { listSnapshots } from '../../host/linux/snapshots/store.js';
import { IMPERATIVE_STACK, isName } from '../../model/address.js';
import { UserError } from '../../model/errors.js';
import { volumeDir } from '../../model/install-paths.js';
import { NEVER_CREATED, type Row } from '../../model/resource.js';
import { BEFORE_RESTORE } from '../../model/snapshot-tags.js';
import type { VolumeSpec } from '../../model/specs.js';
import type { Store } from '../../state/store.js';
import type { Context } from '../context.js';
import { jsonLine } from '../frontend.js';
import { withStoreOrWait } from '../imperative/change.js';
import { refuseExisting } from '../imperative/record.js';
import { namedRow } from '../volumes.js';
import { snapshotNamed } from './list.js';
import { freeTag, runningUsers, type SnapshotOptions } from './take.js';

export interface RestoreOptions extends SnapshotOptions {
  /** A new volume is made instead. */
  as?: string;
}

/**
 * Makes a volume what it was at a snapshot, while no container that mounts it runs. What it is now
 * becomes a snapshot as well.
 */
export function restoreVolume(
  context: Context,
  name: string,
  tag: string,
  { as, ...options }: RestoreOptions,
): Promise<number> {
  const purpose = as === undefined ? `restore volume ${name}` : `restore volume ${name} as ${as}`;
  if (as !== undefined) checkNewName(as, purpose);
  return withStoreOrWait(context, options, async (store) => {
    const again = `baleine volume restore ${name} ${tag}`;
    if (as !== undefined) {
      const snapshot = snapshotNamed(context, name, tag, options.stack, 'restore');
      const size = listSnapshots(dirname(snapshot)).find((each) => each.tag === tag)?.size;
      await makeVolume(context, store, as, snapshot, {
        purpose,
        ...(size !== undefined && { size }),
      });
      context.frontend.report(
        options.json
          ? jsonLine({ action: 'restore', volume: as, stack: IMPERATIVE_STACK, from: name, tag })
          : `volume.${as}: made from snapshot ${tag} of ${name}\n`,
      );
      return 0;
    }
    const row = namedRow(store.rows, name, options.stack, purpose);
    const { stack } = row;
    const snapshot = snapshotNamed(context, name, tag, stack, 'restore');
    await refuseRunning(context, store.rows, row, { purpose, again });
    const former = await replaceContent(context, row, snapshot);
    context.frontend.report(
      options.json
        ? jsonLine({ action: 'restore', volume: name, stack, tag, former })
        : `volume.${name}: restored from ${tag}; what it was is its snapshot ${former}\n`,
    );
    return 0;
  });
}

type VolumeRow = Pick<Row<VolumeSpec>, 'name' | 'spec'>;

/** @throws UserError while a container that mounts the volume runs */
export async function refuseRunning(
  context: Context,
  rows: readonly Row[],
  { spec }: VolumeRow,
  { purpose, again }: { purpose: string; again: string },
): Promise<void> {
  const running = await runningUsers(context, rows, spec.path);
  if (running.length === 0) return;
  const names = running.map((each) => each.name).join(' ');
  throw new UserError(`cannot ${purpose}: ${names} runs and mounts it`, [
    `baleine stop ${names}`,
    again,
    `baleine start ${names}`,
  ]);
}

/** Makes a volume what a snapshot is. The lock is held. @returns the tag of what it was */
export async function replaceContent(
  context: Context,
  { spec: { path, size } }: VolumeRow,
  snapshot: string,
): Promise<string> {
  const former = freeTag(path, new Date(), BEFORE_RESTORE);
  const { volumes } = await context.host();
  const how = { tag: former, ...(size !== undefined && { size }) };
  await context.undoable(() => volumes.restore(path, snapshot, how));
  return former;
}

/** @throws UserError for a name that no volume can have */
export function checkNewName(name: string, purpose: string): void {
  if (isName('volume', name)) return;
  throw new UserError(`cannot ${purpose}: ${JSON.stringify(name)} is no name of a volume`);
}

/**
 * Makes a volume of a snapshot, which belongs to no stack; a file uses it with `external: true`. The lock
 * is held.
 *
 * @param how.size bytes of its own file system; absent: a folder
 */
export async function makeVolume(
  context: Context,
  store: Store,
  name: string,
  snapshot: string,
  { purpose, size }: { purpose: string; size?: number },
): Promise<void> {
  refuseExisting(store.rows, 'volume', name, purpose);
  const path = volumeDir(context.paths, IMPERATIVE_STACK, name);
  const row: Row<VolumeSpec> = {
    ...{ kind: 'volume', stack: IMPERATIVE_STACK, name, status: 'pending', needs: [] },
    ...{ spec: { path, ...(size !== undefined && { size }) }, facts: NEVER_CREATED },
    protect: false,
  };
  await store.put(row);
  const { volumes } = await context.host();
  try {
    await context.undoable(() => volumes.createFrom(path, snapshot, size));
  } catch (error) {
    await store.drop('volume', IMPERATIVE_STACK, name);
    throw error;
  }
  await store.put({ ...row, status: 'ready', facts: {} });
}
