import { type ListedBackup, repositoryText } from '../../model/backup.js';
import { canonical } from '../../model/json.js';
import type { Context } from '../context.js';
import { stackName } from '../lookup.js';
import { type BackedUpRow, openRepository, selectBackedUp } from './select.js';

/** A backup as `backup list --json` has it. */
export interface BackupOfVolume extends ListedBackup {
  volume: string;
  stack: string;
}

/** What the repositories have of these volumes, or of all of the stack; of each the oldest first. */
export async function listBackups(
  context: Context,
  names: readonly string[],
  stack: string | undefined,
): Promise<BackupOfVolume[]> {
  const rows = await select(context, names, stack, 'list backups of');
  const found: BackupOfVolume[] = [];
  for (const row of rows) {
    const repository = await openRepository(row.spec.backup);
    const label = { stack: row.stack, volume: row.name };
    for (const each of await repository.list(label)) found.push({ ...label, ...each });
  }
  return found;
}

/**
 * Checks each repository once.
 *
 * @param data also read all that is in it
 * @returns their names
 * @throws Error for the first one with a defect
 */
export async function checkBackups(
  context: Context,
  names: readonly string[],
  { stack, data }: { stack?: string; data: boolean },
): Promise<string[]> {
  const rows = await select(context, names, stack, 'check backups of');
  const unique = new Map(rows.map(({ spec: { backup } }) => [keyOf(backup), backup]));
  const checked: string[] = [];
  for (const access of unique.values()) {
    const repository = await openRepository(access);
    await context.undoable(() => repository.check(data));
    checked.push(repositoryText(access));
  }
  return checked;
}

const keyOf = ({ repository, password, env_file }: BackedUpRow['spec']['backup']) =>
  canonical({ repository, password, ...(env_file !== undefined && { env_file }) });

async function select(
  context: Context,
  names: readonly string[],
  stack: string | undefined,
  purpose: string,
): Promise<BackedUpRow[]> {
  const owner = await stackName(context, stack);
  return selectBackedUp(context.state().rows, owner, names, purpose);
}
