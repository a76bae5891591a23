import { mkdirSync, statfsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { explainDiskFull } from '../../host/linux/disks/copies.js';
import { replaceFile, syncPath } from '../../host/linux/files/atomic-write.js';
import { allocatedIn, copyRoot, requireRoom } from '../../host/linux/pool/contents.js';
import { mountXfs, poolAt, readBelow } from '../../host/linux/pool/file-system.js';
import { runCleanup } from '../../host/linux/process/launch.js';
import { run } from '../../host/linux/process/run.js';
import { UserError } from '../../model/errors.js';
import { formatBytes } from '../../model/format.js';
import { leftFolder, type PoolMarker, poolMarkerFile } from '../../model/pool.js';
import { bindingFile, bindingOf, readBinding } from '../../state/installation.js';
import { readMarker, writeMarker } from '../../state/pool-marker.js';
import type { Context } from '../context.js';
import { jsonLine } from '../frontend.js';
import type { ChangeOptions } from '../options.js';
import { EMPTY, refuseUsed } from './create.js';
import { mountPool, poolWorkDir, withFolderLock } from './mount.js';

/**
 * Copies everything out of the pool into the root's own folder, and removes the pool. Until the copy is
 * complete and compared, the pool counts.
 */
export async function removePool(context: Context, options: ChangeOptions): Promise<number> {
  const { root } = context.paths;
  const lock = await context.lock({ timeoutMs: options.lockTimeout ?? 10_000 });
  try {
    await requireOwn(root);
    await context.clearStale();
    await refuseUsed(root, 'out of its pool');
    const used = await allocatedIn(root);
    if (used > EMPTY)
      context.frontend.warn(`Copying ${formatBytes(used)} out of the pool of ${root} …\n`);
    try {
      await context.undoable(() => leave(root, used));
    } catch (error) {
      await runCleanup(() => mountPool(root));
      throw error;
    }
    await mountPool(root);
  } finally {
    lock.release();
  }
  // an empty root goes, as after every other command
  const again = await context.lock({ timeoutMs: 0 }).catch(() => undefined);
  again?.release({ removeIfEmpty: true });
  if (options.json) context.frontend.report(jsonLine({ root, pool: null }));
  else context.frontend.report(`${root} is a folder again; its pool was removed\n`);
  return 0;
}

/** Somebody else's file system stays mounted. @throws UserError */
async function requireOwn(root: string): Promise<void> {
  const cannot = `cannot remove the pool of ${root}`;
  if (!poolAt(root)) throw new UserError(`${cannot}: it has none`);
  if ((await readBelow(root, basename(poolMarkerFile(root)))) !== undefined) return;
  throw new UserError(
    `${cannot}: baleine pool create has not made it`,
    'Unmount it in the way it was mounted.',
  );
}

/** Another command may mount the pool again before we have the folder's lock. */
const ATTEMPTS = 10;

/** Leaves the pool mounted nowhere but on its work folder, and the copy ready for its place. */
async function leave(root: string, used: number): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    let isDone = false;
    // our own lock is a file in it
    await run('umount', ['--lazy', '--', root], { purpose: `unmount the pool of ${root}` });
    await withFolderLock(root, async () => {
      const marker = readMarker(poolMarkerFile(root));
      if (!marker) return;
      await copyOut(marker, used);
      isDone = true;
    });
    if (isDone) return 0;
  }
  throw new UserError(`cannot remove the pool of ${root}: other commands mount it again and again`);
}

async function copyOut(marker: PoolMarker, used: number): Promise<void> {
  const { root } = marker;
  const [from, to] = [poolWorkDir(root), leftFolder(root)];
  const { bavail, bsize } = statfsSync(root);
  requireRoom(used, bavail * bsize, dirname(root));
  await rm(to, { recursive: true, force: true });
  mkdirSync(to, { mode: 0o700 });
  await mountXfs(marker, from);
  try {
    await copyRoot(from, to);
    const binding = readBinding(from);
    const { inode } = bindingOf(root);
    const text = `${JSON.stringify({ ...binding, inode })}\n`;
    if (binding) await replaceFile(bindingFile(to), text, { mode: 0o600 });
    await run('sync', ['--file-system', '--', to], { purpose: `write out ${to}` });
  } catch (error) {
    await explainDiskFull(error, to);
  }
  await writeMarker(root, poolMarkerFile(root), { ...marker, phase: 'left' });
  await syncPath(root);
}
