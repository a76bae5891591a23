import { closeSync, existsSync, fstatSync, openSync, renameSync, statSync } from 'node:fs';
import { readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ensureUnmounted } from '../../host/linux/disks/mount.js';
import { replaceFile, syncPath } from '../../host/linux/files/atomic-write.js';
import { clearFolder } from '../../host/linux/pool/contents.js';
import { mountXfs, poolAt } from '../../host/linux/pool/file-system.js';
import { flockDescriptor } from '../../host/linux/process/flock.js';
import { shareLock } from '../../host/linux/process/lock-share.js';
import { LockedError, UserError } from '../../model/errors.js';
import { installPaths, lockFile } from '../../model/install-paths.js';
import { poll } from '../../model/poll.js';
import { leftFolder, type PoolMarker, poolMarkerFile } from '../../model/pool.js';
import { bindingFile } from '../../state/installation.js';
import { readMarker, writeMarker } from '../../state/pool-marker.js';

/**
 * Mounts the pool of a root over it, if it has one that is not mounted, and first finishes what a
 * killed `pool create` or `pool remove` has left.
 *
 * @throws UserError if its file or device is gone; LockedError if another process does not end
 */
export async function mountPool(root: string): Promise<void> {
  await withFolderLock(root, async () => {
    const marker = readMarker(poolMarkerFile(root));
    if (!marker) return;
    if (marker.root !== root) throw elsewhere(root, marker);
    if (marker.phase === 'left') return finishRemoval(marker);
    if (marker.phase === 'moved') await finishMove(marker);
    // of a removal that did not get to its end
    await rm(leftFolder(root), { recursive: true, force: true });
    // first: a mount that is left there would be noticed by nobody
    await releaseWorkDir(root);
    await mountXfs(marker, root);
  });
}

/** Where a pool is mounted before it is mounted over the root. */
export const poolWorkDir = (root: string) => `${installPaths(root).run}.pool`;

/** Unmounts it there. */
export async function releaseWorkDir(root: string): Promise<void> {
  const dir = poolWorkDir(root);
  await ensureUnmounted(dir);
  // stays as long as anything else is in it
  await rmdir(dirname(dir)).catch(() => undefined);
}

/** Milliseconds for another process that is mounting the pool, or copying its content out. */
const LIMIT = 60_000;

/**
 * Works on the folder below the mount while no other process does: its lock is the one thing that stays
 * the same from before the mount to after it. Does nothing if the pool is mounted by then.
 */
export async function withFolderLock(root: string, work: () => Promise<void>): Promise<void> {
  const fd = openSync(root, 'r');
  try {
    const isLocked = await poll(() => flockDescriptor(fd, root) || undefined, {
      ...{ limit: LIMIT, pause: 20, maxPause: 500 },
    });
    if (!isLocked) {
      throw new LockedError(
        `cannot mount the pool of ${root}: another process is at work on it`,
        'Wait until it has ended.',
      );
    }
    const here = statSync(root);
    const locked = fstatSync(fd);
    if (here.dev !== locked.dev || here.ino !== locked.ino) return;
    // a program that outlives us when we are killed keeps the others out
    shareLock(fd);
    await work();
  } finally {
    shareLock(undefined);
    closeSync(fd);
  }
}

/** The copy in the pool counts: removes the old content. */
async function finishMove(marker: PoolMarker): Promise<void> {
  const { root, phase: _done, ...rest } = marker;
  const copy = poolWorkDir(root);
  if (!poolAt(copy)) await mountXfs(marker, copy);
  if (existsSync(bindingFile(root)) && !existsSync(bindingFile(copy)) && !(await isBarred(root))) {
    throw new UserError(
      `cannot finish the pool of ${root}: it lacks ${bindingFile(copy)}`,
      `The old content is kept in ${root}.`,
    );
  }
  await bar(root);
  await clearFolder(root, OWN_FILES.map((path) => path(root)).map(nameOf));
  await syncPath(root);
  await writeMarker(root, poolMarkerFile(root), { root, ...rest });
}

/** The lock stays, too: whoever waits for it must not find another one before the pool is mounted. */
const OWN_FILES = [poolMarkerFile, bindingFile, (root: string) => lockFile(installPaths(root))];
const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);

/** What a release that knows no pools finds in the folder: it refuses the root. */
const BARRED = 'none: the pool is not mounted';

async function bar(root: string): Promise<void> {
  const binding = { root, machine: '', inode: BARRED };
  await replaceFile(bindingFile(root), `${JSON.stringify(binding)}\n`, { mode: 0o600 });
}

async function isBarred(root: string): Promise<boolean> {
  return (await readFile(bindingFile(root), 'utf8')).includes(BARRED);
}

/**
 * The copy in the root's own folder counts: puts it in its place, and removes the pool. Every step can
 * be repeated; the marker goes last.
 */
export async function finishRemoval({ root, source }: PoolMarker): Promise<void> {
  await releaseWorkDir(root);
  const from = leftFolder(root);
  if (existsSync(from)) {
    await rm(bindingFile(root), { force: true });
    for (const name of await readdir(from)) renameSync(join(from, name), join(root, name));
    await rm(from, { recursive: true });
  }
  if ('file' in source) await rm(source.file, { force: true });
  await syncPath(root);
  await rm(poolMarkerFile(root));
  await syncPath(root);
}

function elsewhere(root: string, marker: PoolMarker): UserError {
  return new UserError(
    `cannot use ${root}: its pool belongs to ${marker.root}`,
    `It is a copy of that folder, or another path to it. baleine --root ${marker.root}`,
  );
}
