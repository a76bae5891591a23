import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SnapshotCost } from '../../host/ports.js';
import { kinds } from '../../kinds/index.js';
import { copyQuiesced } from '../../kinds/volume/snapshot.js';
import { UserError } from '../../model/errors.js';
import { formatBytes, formatDuration } from '../../model/format.js';
import { snapshotsDir } from '../../model/install-paths.js';
import type { Row } from '../../model/resource.js';
import { checkNewTag, unusedTag } from '../../model/snapshot-tags.js';
import type { VolumeSpec } from '../../model/specs.js';
import type { Store } from '../../state/store.js';
import type { Context } from '../context.js';
import { jsonLine } from '../frontend.js';
import { withStoreOrWait } from '../imperative/change.js';
import type { ContainerRow } from '../lookup.js';
import type { ChangeOptions } from '../options.js';
import { usersOf } from '../volume-users.js';
import { namedRow } from '../volumes.js';

export interface SnapshotOptions extends ChangeOptions {
  stack?: string;
}

/** Takes a snapshot of a volume. @param tag default: the time */
export function takeVolumeSnapshot(
  context: Context,
  name: string,
  tag: string | undefined,
  options: SnapshotOptions,
): Promise<number> {
  const purpose = `take a snapshot of volume ${name}`;
  return withStoreOrWait(context, options, async (store) => {
    const now = new Date();
    const row = namedRow(store.rows, name, options.stack, purpose);
    const { spec, stack } = row;
    const used = tag ?? freeTag(spec.path, now);
    checkNewTag(used, purpose);
    if (existsSync(join(snapshotsDir(spec.path), used))) {
      throw new UserError(
        `cannot ${purpose}: it has a snapshot ${used} already`,
        `Choose another tag, or remove it: baleine volume snapshots rm ${name} ${used}`,
      );
    }
    const { bytes, paused } = await copyVolume(context, store, row, used, now);
    context.frontend.report(
      options.json
        ? jsonLine({ action: 'snapshot', volume: name, stack, tag: used, bytes, paused })
        : `volume.${name}: snapshot ${used}: ${formatBytes(bytes)}${waited(paused)}\n`,
    );
    return 0;
  });
}

/** Copies a volume to a snapshot while nothing writes to it. */
export function copyVolume(
  context: Context,
  store: Pick<Store, 'rows'>,
  row: Row<VolumeSpec>,
  tag: string,
  now: Date,
): Promise<SnapshotCost> {
  return copyVolumeTo(context, store, row, join(snapshotsDir(row.spec.path), tag), now);
}

/** The same, to any new folder of the root's file system. */
export async function copyVolumeTo(
  context: Context,
  { rows }: Pick<Store, 'rows'>,
  { spec: { path, size } }: Row<VolumeSpec>,
  to: string,
  now: Date,
): Promise<SnapshotCost> {
  const host = await context.host();
  const running = await runningUsers(context, rows, path);
  const writers = running.map(({ spec }) => spec);
  const what = { path, isFolder: size === undefined, writers };
  return copyQuiesced(host, what, { to, now, purpose: 'volume snapshot' }, (copy) =>
    context.undoable(copy),
  );
}

/** Running containers that mount a volume. */
export async function runningUsers(
  context: Context,
  rows: readonly Row[],
  path: string,
): Promise<ContainerRow[]> {
  const users = usersOf(rows, path) as ContainerRow[];
  if (users.length === 0) return [];
  const probe = await context.probe();
  return users.filter(
    ({ spec, facts }) => kinds.container.observe(spec, facts, probe, context.paths)?.running,
  );
}

/** The time in UTC, `20261129-030000`; with a number if the volume has that one. */
export const freeTag = (path: string, now: Date, prefix?: string): string =>
  unusedTag((tag) => existsSync(join(snapshotsDir(path), tag)), now, prefix);

/** How long writes waited, if anything wrote. */
export const waited = (paused: number) =>
  paused > 0 ? `; writes waited ${formatDuration(paused)}` : '';
