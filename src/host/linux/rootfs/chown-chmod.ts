import { chmod, lchown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../../model/errors.js';
import { asBytes, type BytePath, raw } from '../files/open-folder.js';

export interface Stamp {
  uid?: number;
  gid?: number;
  mode?: number;
}

/** @throws UserError when the mode is not octal or the owner not `uid:gid` */
export function stampOf({ mode, owner }: { mode?: string; owner?: string }): Stamp {
  const ids = owner === undefined ? undefined : /^(\d{1,10}):(\d{1,10})$/.exec(owner);
  if (ids === null) throw new UserError(`cannot read owner ${owner}`, 'Write uid:gid, as 0:0.');
  if (mode !== undefined && !/^0?[0-7]{3,4}$/.test(mode)) {
    throw new UserError(`cannot read mode ${mode}`, 'Write it in octal, as "0644".');
  }
  return {
    ...(ids && { uid: Number(ids[1]), gid: Number(ids[2]) }),
    ...(mode !== undefined && { mode: Number.parseInt(mode, 8) }),
  };
}

/**
 * Gives owner and mode to a file, or to a folder and all in it. The mode is meant for files: a
 * folder gets it with search permission for whoever may read.
 */
export async function stamp(path: BytePath, marks: Stamp): Promise<void> {
  if (marks.uid === undefined && marks.mode === undefined) return;
  const before = await lstat(raw(path));
  const { uid = before.uid, gid = before.gid } = marks;
  if (uid !== before.uid || gid !== before.gid) await lchown(raw(path), uid, gid);
  if (before.isSymbolicLink()) return;
  // Also with an unchanged mode: chown(2) takes the set-user-ID bit away.
  await chmod(raw(path), modeOf(marks.mode ?? before.mode & 0o7777, before.isDirectory()));
  if (!before.isDirectory()) return;
  const names = await readdir(raw(path), 'latin1');
  for (const name of names) await stamp(asBytes(join(path, name)), marks);
}

function modeOf(mode: number, folder: boolean): number {
  return folder ? mode | ((mode & 0o444) >> 2) : mode;
}
