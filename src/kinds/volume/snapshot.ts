import { join } from 'node:path';
import type { Host, SnapshotCost } from '../../host/ports.js';
import { messageOf, UserError } from '../../model/errors.js';
import { formatBytes } from '../../model/format.js';
import { snapshotsDir } from '../../model/install-paths.js';
import { BEFORE_CHANGE, olderChanges, unusedTag } from '../../model/snapshot-tags.js';
import { DoneWithNote, DoneWithWarning, type StepResult } from '../../model/step.js';
import { quiesced, type Writer } from '../hooks.js';

type Ports = Pick<Host, 'volumes' | 'runtime'>;

/** What is copied, and which containers write to it. */
export interface Written {
  path: string;
  /** It has no file system of its own: the containers are frozen. */
  isFolder: boolean;
  writers: readonly Writer[];
}

export interface BeforeChange extends Written {
  /** How many snapshots of this kind stay. */
  keep: number;
  /** Identifies the change, and the snapshot of an earlier attempt at it. */
  change: string;
  former?: string;
}

/**
 * Copies a volume while nothing writes to it: its file system is frozen if it has its own, else the
 * containers are. Their `pre_snapshot` and `post_snapshot` commands run around it.
 *
 * @param purpose the command that does it
 * @param guard runs the copy alone
 */
export async function copyQuiesced(
  host: Ports,
  { path, isFolder, writers }: Written,
  { to, now, purpose }: { to: string; now: Date; purpose: string },
  guard: (copy: () => Promise<void>) => Promise<void> = (copy) => copy(),
): Promise<SnapshotCost> {
  let cost: SnapshotCost | undefined;
  await quiesced(host, writers, isFolder ? purpose : undefined, () =>
    guard(async () => {
      cost = await host.volumes.snapshot(path, to, now);
    }),
  );
  return cost as SnapshotCost;
}

/**
 * Takes a snapshot of a volume before those that write to it are replaced, and removes the older ones of
 * its kind.
 *
 * @throws UserError: nothing is to be replaced then
 */
export async function snapshotBeforeChange(
  host: Ports,
  { keep, change, former, ...what }: BeforeChange,
): Promise<StepResult> {
  const { path } = what;
  const now = new Date();
  const taken = host.volumes.snapshots(path).map((each) => each.tag);
  const tag = unusedTag((each) => taken.includes(each), now, BEFORE_CHANGE);
  const to = join(snapshotsDir(path), tag);
  const { bytes } = await copyQuiesced(host, what, { to, now, purpose: 'apply' }).catch((error) => {
    throw new UserError(
      `cannot take a snapshot before the change: ${messageOf(error)}`,
      'Nothing that mounts it was replaced. Without snapshot_on_change, that is done without a snapshot.',
    );
  });
  const facts = { preserved: { tag, change } };
  try {
    const tags = host.volumes.snapshots(path).map((each) => each.tag);
    for (const old of olderChanges(tags, keep, former)) {
      await host.volumes.removeSnapshot(join(snapshotsDir(path), old));
    }
  } catch (error) {
    return new DoneWithWarning(messageOf(error), facts);
  }
  return new DoneWithNote(`snapshot ${tag}: ${formatBytes(bytes)}`, facts);
}
