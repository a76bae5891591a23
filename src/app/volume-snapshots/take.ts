import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SnapshotCost } from '../../host/ports.js';
import { aroundSnapshot } from '../../kinds/container/hooks.js';
import { kinds } from '../../kinds/index.js';
import { UserError } from '../../model/errors.js';
import { formatBytes, formatDuration } from '../../model/format.js';
import { snapshotsDir } from '../../model/install-paths.js';
import type { Row } from '../../model/resource.js';
import type { VolumeSpec } from '../../model/specs.js';
import type { Store } from '../../state/store.js';
import { withFrozen } from '../container/disk.js';
import type { Context } from '../context.js';
import { jsonLine } from '../frontend.js';
import { withStoreOrWait } from '../imperative/change.js';
import type { ContainerRow } from '../lookup.js';
import type { ChangeOptions } from '../options.js';
import { namedRow, usersOf } from '../volumes.js';

/** Tags of snapshots by schedule begin with it; only these are removed by age. */
export const SCHEDULED = 'auto-';

const TAG = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

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
    checkTag(used, purpose);
    refuseScheduled(used, purpose);
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

/**
 * Copies a volume while nothing writes to it: its file system is frozen if it has its own, else the
 * containers are. Their `pre_snapshot` and `post_snapshot` commands run around it.
 */
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
  { spec }: Row<VolumeSpec>,
  to: string,
  now: Date,
): Promise<SnapshotCost> {
  const host = await context.host();
  const running = await runningUsers(context, rows, spec.path);
  let cost: SnapshotCost | undefined;
  let work = async () => {
    cost = await context.undoable(() => host.volumes.snapshot(spec.path, to, now));
  };
  if (spec.size === undefined) {
    for (const row of running) {
      const next = work;
      work = () => withFrozen(context, row, 'volume snapshot', next);
    }
  }
  for (const row of running) {
    const next = work;
    work = () => aroundSnapshot(host, row.spec, next);
  }
  await work();
  return cost as SnapshotCost;
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

/** @throws UserError for a tag that is no name of a folder */
export function checkTag(tag: string, purpose: string): void {
  if (TAG.test(tag)) return;
  throw new UserError(
    `cannot ${purpose}: ${JSON.stringify(tag)} is no tag`,
    'A tag has letters, digits, - and _, and begins with a letter or digit.',
  );
}

/** @throws UserError for a tag that a schedule would remove with its own */
function refuseScheduled(tag: string, purpose: string): void {
  if (!tag.startsWith(SCHEDULED)) return;
  throw new UserError(
    `cannot ${purpose}: tags that begin with ${SCHEDULED} are those of schedules`,
    'A schedule removes them when they are old. Choose another tag.',
  );
}

/** The time in UTC, `20261129-030000`; with a number if the volume has that one. */
export function freeTag(path: string, now: Date, prefix = ''): string {
  const [date = '', time = ''] = now
    .toISOString()
    .replace(/[-:]|\..*/g, '')
    .split('T');
  const tag = `${prefix}${date}-${time}`;
  for (let count = 1; ; count += 1) {
    const free = count === 1 ? tag : `${tag}-${count}`;
    if (!existsSync(join(snapshotsDir(path), free))) return free;
  }
}

/** How long writes waited, if anything wrote. */
const waited = (paused: number) => (paused > 0 ? `; writes waited ${formatDuration(paused)}` : '');
