import { dirname } from 'node:path';
import { listSnapshots } from '../../host/linux/volumes/snapshots.js';
import { IMPERATIVE_STACK, isName } from '../../model/address.js';
import { UserError } from '../../model/errors.js';
import { volumeDir } from '../../model/install-paths.js';
import { NEVER_CREATED, type Row } from '../../model/resource.js';
import type { VolumeSpec } from '../../model/specs.js';
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
  if (as !== undefined) return restoreAs(context, name, tag, as, options);
  const purpose = `restore volume ${name}`;
  return withStoreOrWait(context, options, async ({ rows }) => {
    const { spec, stack } = namedRow(rows, name, options.stack, purpose);
    const snapshot = snapshotNamed(context, name, tag, stack, 'restore');
    const running = await runningUsers(context, rows, spec.path);
    if (running.length > 0) {
      const names = running.map((each) => each.name).join(' ');
      throw new UserError(`cannot ${purpose}: ${names} runs and mounts it`, [
        `baleine stop ${names}`,
        `baleine volume restore ${name} ${tag}`,
        `baleine start ${names}`,
      ]);
    }
    const { size, path } = spec;
    const former = freeTag(path, new Date(), 'before-restore-');
    const { volumes } = await context.host();
    const how = { tag: former, ...(size !== undefined && { size }) };
    await context.undoable(() => volumes.restore(path, snapshot, how));
    context.frontend.report(
      options.json
        ? jsonLine({ action: 'restore', volume: name, stack, tag, former })
        : `volume.${name}: restored from ${tag}; what it was is its snapshot ${former}\n`,
    );
    return 0;
  });
}

/** The new volume belongs to no stack; a file uses it with `external: true`. */
function restoreAs(
  context: Context,
  name: string,
  tag: string,
  as: string,
  options: SnapshotOptions,
): Promise<number> {
  const purpose = `restore volume ${name} as ${as}`;
  if (!isName('volume', as)) {
    throw new UserError(`cannot ${purpose}: ${JSON.stringify(as)} is no name of a volume`);
  }
  return withStoreOrWait(context, options, async (store) => {
    refuseExisting(store.rows, 'volume', as, purpose);
    const snapshot = snapshotNamed(context, name, tag, options.stack, 'restore');
    const path = volumeDir(context.paths, IMPERATIVE_STACK, as);
    const size = listSnapshots(dirname(snapshot)).find((each) => each.tag === tag)?.size;
    const row: Row<VolumeSpec> = {
      ...{ kind: 'volume', stack: IMPERATIVE_STACK, name: as, status: 'pending', needs: [] },
      ...{ spec: { path, ...(size !== undefined && { size }) }, facts: NEVER_CREATED },
      protect: false,
    };
    await store.put(row);
    const { volumes } = await context.host();
    await context.undoable(() => volumes.createFrom(path, snapshot, size));
    await store.put({ ...row, status: 'ready', facts: {} });
    context.frontend.report(
      options.json
        ? jsonLine({ action: 'restore', volume: as, stack: IMPERATIVE_STACK, from: name, tag })
        : `volume.${as}: made from snapshot ${tag} of ${name}\n`,
    );
    return 0;
  });
}
