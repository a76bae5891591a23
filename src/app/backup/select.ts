import { readInput } from '../../host/linux/files/read.js';
import { byName } from '../../model/address.js';
import type { Backup, RepositoryAccess } from '../../model/backup.js';
import { UserError } from '../../model/errors.js';
import type { Row } from '../../model/resource.js';
import type { VolumeFacts, VolumeSpec } from '../../model/specs.js';
import { rowsOf } from '../imperative/record.js';
import { namedRow } from '../volumes.js';

/** A volume with the key `backup`. */
export type BackedUpRow = Row<VolumeSpec & { backup: Backup }, VolumeFacts>;

/**
 * The volumes of a stack that are backed up; those of these names, if there are any.
 *
 * @param purpose in messages: `back up`
 * @throws UserError for one that is not, and if there is none at all
 */
export function selectBackedUp(
  rows: readonly Row[],
  stack: string,
  names: readonly string[],
  purpose: string,
): BackedUpRow[] {
  const hint = [
    'Give the volume a repository, and apply:',
    '  backup: {repository: …, password: {file: …}}',
  ];
  if (names.length === 0) {
    const all: Row[] = rowsOf(rows, 'volume').filter((row) => row.stack === stack);
    const found = all.filter(isBackedUp).sort((a, b) => byName(a.name, b.name));
    if (found.length > 0) return found;
    throw new UserError(`cannot ${purpose} volumes of stack ${stack}: none has a repository`, hint);
  }
  return [...new Set(names)].map((name) => {
    const row: Row = namedRow(rows, name, stack, `${purpose} volume ${name}`);
    if (isBackedUp(row)) return row;
    throw new UserError(`cannot ${purpose} volume ${name}: it has no repository`, hint);
  });
}

const isBackedUp = (row: Row): row is BackedUpRow => (row.spec as VolumeSpec).backup !== undefined;

/** Opens the repository of a volume; loads what it takes. */
export async function openRepository(access: RepositoryAccess) {
  const [{ ResticRepository }, { variablesIn }] = await Promise.all([
    import('../../host/linux/backups/restic.js'),
    import('../../formats/project/env-file.js'),
  ]);
  return new ResticRepository(access, (file) =>
    Object.fromEntries(variablesIn(readInput(file), file)),
  );
}
