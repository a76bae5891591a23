import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { largeFiles, withScratch } from '../../host/linux/disks/scratch.js';
import { FOLDER } from '../../host/linux/volumes/snapshots.js';
import { IMPERATIVE_STACK } from '../../model/address.js';
import type { ListedBackup } from '../../model/backup.js';
import { UserError } from '../../model/errors.js';
import type { Context } from '../context.js';
import { jsonLine } from '../frontend.js';
import { withStoreOrWait } from '../imperative/change.js';
import { stackName } from '../lookup.js';
import type { LockOptions } from '../options.js';
import {
  checkNewName,
  makeVolume,
  refuseRunning,
  replaceContent,
} from '../volume-snapshots/restore.js';
import { openRepository, selectBackedUp } from './select.js';

export interface RestoreBackupOptions extends LockOptions {
  stack?: string;
  /** A new volume is made instead. */
  as?: string;
  /** The host whose last backup it is; default: this one. */
  host?: string;
  json?: true;
}

/**
 * Makes a volume what it was at a backup, while no container that mounts it runs. What it is now becomes
 * a snapshot. The lock is not held while the backup is fetched.
 *
 * @param id as `backup list` has it; default: the last one
 */
export async function restoreBackup(
  context: Context,
  name: string,
  id: string | undefined,
  options: RestoreBackupOptions,
): Promise<number> {
  const { as, json } = options;
  const stack = await stackName(context, options.stack);
  const purpose = as === undefined ? `restore volume ${name}` : `restore volume ${name} as ${as}`;
  const { rows } = context.state();
  const [row] = selectBackedUp(rows, stack, [name], 'restore');
  if (!row) return 1;
  const again = `baleine backup restore ${name}${id === undefined ? '' : ` ${id}`}`;
  if (as !== undefined) checkNewName(as, purpose);
  else await refuseRunning(context, rows, row, { purpose, again });
  const repository = await openRepository(row.spec.backup);
  const all = await repository.list({ stack, volume: name });
  const chosen = choose(all, id, options.host ?? hostname(), purpose);
  return withScratch(largeFiles(context.paths), async (scratch) => {
    const fetched = join(scratch, 'backup');
    await context.undoable(() => repository.fetch(chosen.id, fetched));
    if (!existsSync(join(fetched, FOLDER))) {
      throw new Error(`cannot ${purpose}: backup ${chosen.id} has no volume in it`);
    }
    return withStoreOrWait(context, options, async (store) => {
      const from = { from: name, backup: chosen.id, at: chosen.at };
      if (as !== undefined) {
        const { size } = row.spec;
        await makeVolume(context, store, as, fetched, {
          purpose,
          ...(size !== undefined && { size }),
        });
        const made = { action: 'restore', volume: as, stack: IMPERATIVE_STACK, ...from };
        const text = `volume.${as}: made from backup ${chosen.id} of ${name}, of ${shortTime(chosen)}\n`;
        context.frontend.report(json ? jsonLine(made) : text);
        return 0;
      }
      const [current] = selectBackedUp(store.rows, stack, [name], 'restore');
      await refuseRunning(context, store.rows, current ?? row, { purpose, again });
      const former = await replaceContent(context, current ?? row, fetched);
      const text = `volume.${name}: restored from backup ${chosen.id} of ${shortTime(chosen)}; what it was is its snapshot ${former}\n`;
      context.frontend.report(
        json ? jsonLine({ action: 'restore', volume: name, stack, ...from, former }) : text,
      );
      return 0;
    });
  });
}

/** Without fractions of a second. */
const shortTime = ({ at }: ListedBackup) => at.replace(/\.\d+/, '');

/** One of a repository that hosts may share: the last one is that of one host. */
function choose(
  all: readonly ListedBackup[],
  id: string | undefined,
  host: string,
  purpose: string,
): ListedBackup {
  const found =
    id === undefined
      ? all.findLast((each) => each.host === host)
      : all.find((each) => each.id !== '' && (each.id.startsWith(id) || id.startsWith(each.id)));
  if (found) return found;
  const hosts = [...new Set(all.map((each) => each.host))].join(', ');
  if (id !== undefined) {
    throw new UserError(
      `cannot ${purpose}: it has no backup ${JSON.stringify(id)}`,
      'baleine backup list shows what there is.',
    );
  }
  throw new UserError(
    `cannot ${purpose}: it has no backup of host ${host}`,
    hosts === '' ? 'baleine backup run makes one.' : `There are backups of ${hosts}: --host NAME`,
  );
}
