import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { largeFiles, withScratch } from '../../host/linux/disks/scratch.js';
import { identify, isAlive } from '../../host/linux/runtime/process.js';
import { BACKUP } from '../../kinds/volume/index.js';
import { addressOf } from '../../model/address.js';
import { type BackupFacts, type CompletedBackup, repositoryText } from '../../model/backup.js';
import { LockedError, messageOf, UserError } from '../../model/errors.js';
import { formatBytes, formatDuration } from '../../model/format.js';
import { printable } from '../../model/printable.js';
import { afterFailure, afterSuccess, following, retryPause } from '../../model/schedule.js';
import type { VolumeFacts } from '../../model/specs.js';
import { logEvent } from '../../state/events-log.js';
import type { Store } from '../../state/store.js';
import type { Context } from '../context.js';
import { invokingUser } from '../event-log.js';
import { errorText, Interrupted } from '../failure.js';
import { jsonLine } from '../frontend.js';
import { withStoreOrWait } from '../imperative/change.js';
import { stackName } from '../lookup.js';
import type { LockOptions } from '../options.js';
import { copyVolumeTo } from '../volume-snapshots/take.js';
import { type BackedUpRow, openRepository, selectBackedUp } from './select.js';

export interface BackupOptions extends LockOptions {
  stack?: string;
  json?: true;
  /** Make the repository again if it is gone. */
  init?: true;
  /** The schedule asks for it: a failure is recorded, and it is tried again. */
  due?: true;
}

/**
 * Backs volumes up, one after the other. The lock is held while a volume is copied, not while the copy is
 * stored.
 *
 * @param names empty: all of the stack that have a repository
 */
export async function backUp(
  context: Context,
  names: readonly string[],
  options: BackupOptions,
): Promise<number> {
  const stack = await stackName(context, options.stack);
  const rows = selectBackedUp(context.state().rows, stack, names, 'back up');
  let code = 0;
  for (const row of rows) {
    try {
      const { id, at, added, total, ms } = await backUpVolume(context, row, options);
      context.frontend.report(
        options.json
          ? jsonLine({ action: 'backup', volume: row.name, stack, id, at, added, total, ms })
          : `volume.${row.name}: backup ${printable(id)} of ${formatBytes(total)}, ${formatBytes(added)} of it new, in ${formatDuration(ms)}\n`,
      );
    } catch (error) {
      if (error instanceof Interrupted || rows.length === 1) throw error;
      context.frontend.warn(errorText(error));
      code = 1;
    }
  }
  return code;
}

async function backUpVolume(
  context: Context,
  row: BackedUpRow,
  options: BackupOptions,
): Promise<CompletedBackup> {
  try {
    const completed = await context.undoable(() => storeVolume(context, row, options));
    await recordEnd(context, row, options, { last: completed });
    return completed;
  } catch (error) {
    // there is nothing to record of what did not begin, unless the schedule asked for it
    const hasBegun = !(error instanceof LockedError) || options.due === true;
    if (hasBegun && !(error instanceof StillRunning)) {
      await recordEnd(context, row, options, { failure: messageOf(error) });
    }
    throw error;
  }
}

class StillRunning extends UserError {}

/** The copy is among the scratch files: it goes with us, however we end. */
async function storeVolume(
  context: Context,
  { stack, name, spec: { backup }, facts }: BackedUpRow,
  options: BackupOptions,
): Promise<CompletedBackup> {
  const begun = performance.now();
  const repository = await openRepository(backup);
  const existed = facts.backup?.repository === repositoryText(backup);
  await repository.ensure(existed && options.init !== true);
  return withScratch(largeFiles(context.paths), async (scratch) => {
    const copy = join(scratch, 'copy');
    const taken = new Date();
    const patience = options.due ? { lockTimeout: RECORD_TIMEOUT } : options;
    await withStoreOrWait(context, patience, (store) => {
      const [row] = selectBackedUp(store.rows, stack, [name], 'back up');
      return begin(context, store, row as BackedUpRow, copy, taken);
    });
    const { FILE } = await import('../../host/linux/volumes/snapshots.js');
    const { withMountedImage } = await import('../../host/linux/runtime/mounted-image.js');
    const [label, host] = [{ stack, volume: name }, hostname()];
    const file = join(copy, FILE);
    const from = (dir: string, keepsInodes: boolean) =>
      repository.store({ dir, keepsInodes }, label, { host, taken });
    const stored = existsSync(file)
      ? await withMountedImage(
          context.paths,
          file,
          (tree) => from(join(tree, '..'), true),
          'volume',
        )
      : await from(copy, false);
    if (backup.keep) await repository.forget(label, backup.keep, host);
    return { ...stored, at: taken.toISOString(), ms: Math.round(performance.now() - begun) };
  });
}

/** Records that we are at work, and copies the volume. The lock is held. */
async function begin(
  context: Context,
  store: Store,
  row: BackedUpRow,
  copy: string,
  now: Date,
): Promise<number> {
  const { running } = row.facts.backup ?? {};
  if (running && isAlive(running)) {
    throw new StillRunning(
      `cannot back up volume ${row.name}: process ${running.pid} does, since ${running.since}`,
    );
  }
  const ours = identify(process.pid);
  const backup: BackupFacts = {
    ...row.facts.backup,
    ...(ours && { running: { ...ours, since: now.toISOString() } }),
  };
  await store.put({ ...row, facts: { ...row.facts, backup } });
  await copyVolumeTo(context, store, row, copy, now);
  return 0;
}

/** Milliseconds for others that are at work, such as the apply that has started us. */
const RECORD_TIMEOUT = 15 * 60_000;

/** Records how it has ended in the row, which may be gone. */
async function recordEnd(
  context: Context,
  { stack, name, spec }: BackedUpRow,
  { due: isDue }: BackupOptions,
  { last, failure }: { last?: CompletedBackup; failure?: string },
): Promise<void> {
  await withStoreOrWait(context, { lockTimeout: RECORD_TIMEOUT }, async (store) => {
    const row = store.find('volume', stack, name) as BackedUpRow | undefined;
    if (!row) return 0;
    const { running, ...before } = row.facts.backup ?? {};
    const backup: BackupFacts = {
      ...before,
      ...(running && running.pid !== process.pid && { running }),
      ...(last && { last, repository: repositoryText(spec.backup) }),
    };
    const due = dueAfter(row, { isDue: isDue === true, failure });
    await store.put({ ...row, facts: { ...row.facts, backup, ...(due && { due }) } });
    logEvent(context.paths, {
      ...{ at: new Date().toISOString(), who: invokingUser(), stack },
      ...{ address: addressOf('volume', name), action: 'backup', drift: false },
      reasons: last ? [`backup ${last.id}`] : [],
      ms: last?.ms ?? 0,
      result: last ? 'done' : 'failed',
      ...(failure !== undefined && { error: failure }),
    });
    return 0;
  });
}

/** Whoever asked for a backup sees that it failed; of one by schedule the next apply tells. */
function dueAfter(
  { name, spec, facts }: BackedUpRow,
  { isDue, failure }: { isDue: boolean; failure: string | undefined },
): VolumeFacts['due'] {
  const { schedule } = spec.backup;
  const recorded = facts.due?.[BACKUP];
  if (!schedule || !recorded) return undefined;
  const now = Date.now();
  const next = isDue ? following(schedule, recorded, now) : recorded;
  if (failure === undefined) return { ...facts.due, [BACKUP]: afterSuccess(next) };
  if (!isDue) return undefined;
  const text = `its last backup failed: ${failure} (baleine backup run ${name})`;
  return { ...facts.due, [BACKUP]: afterFailure(next, text, now + retryPause(recorded)) };
}
