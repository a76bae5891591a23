import { chmod, lchown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../../model/errors.js';
import { asBytes, type BytePath, raw } from '../files/open-folder.js';

export interface Ownership {
  uid?: number;
  gid?: number;
  mode?: number;
}

/** @throws UserError if the mode is not octal or the owner not `uid:gid` */
export function parseOwnership({ mode, owner }: { mode?: string; owner?: string }): Ownership {
  const ids = owner === undefined ? undefined : /^(\d{1,10}):(\d{1,10})$/.exec(owner);
  if (ids === null)
    throw new UserError(`cannot read owner ${owner}`, 'Write uid:gid, for example 0:0.');
  if (mode !== undefined && !/^0?[0-7]{3,4}$/.test(mode)) {
    throw new UserError(`cannot read mode ${mode}`, 'Write it in octal, for example "0644".');
  }
  return {
    ...(ids && { uid: Number(ids[1]), gid: Number(ids[2]) }),
    ...(mode !== undefined && { mode: Number.parseInt(mode, 8) }),
  };
}

/**
 * Sets owner and mode of a file, or of a folder with all its content. The mode is meant for files:
 * a folder also gets search permission for everyone who may read.
 */
export async function applyOwnership(path: BytePath, marks: Ownership): Promise<void> {
  if (marks.uid === undefined && marks.mode === undefined) return;
  const before = await lstat(raw(path));
  const { uid = before.uid, gid = before.gid } = marks;
  if (uid !== before.uid || gid !== before.gid) await lchown(raw(path), uid, gid);
  if (before.isSymbolicLink()) return;
  // Required even if the mode is unchanged: chown(2) clears the set-user-ID bit.
  await chmod(raw(path), modeOf(marks.mode ?? before.mode & 0o7777, before.isDirectory()));
  if (!before.isDirectory()) return;
  const names = await readdir(raw(path), 'latin1');
  for (const name of names) await applyOwnership(asBytes(join(path, name)), marks);
}

function modeOf(mode: number, folder: boolean): number {
  return folder ? mode | ((mode & 0o444) >> 2) : mode;
}
