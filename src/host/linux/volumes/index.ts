import { existsSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf, UserError } from '../../../model/errors.js';
import { type InstallPaths, snapshotsDir, volumeFile } from '../../../model/install-paths.js';
import type { NewVolume, Volumes } from '../../ports.js';
import { removePartial } from '../disks/create-files.js';
import { ensureUnmounted } from '../disks/mount.js';
import { linuxFiles } from '../files/index.js';
import { runCleanup } from '../process/launch.js';
import { listSnapshots, removeSnapshot } from '../snapshots/store.js';
import { finishConversion, removeConversion, toFolder, toSized } from './convert.js';
import { createFolder, give, removeRemains } from './folder.js';
import { createFromSnapshot, finishRestore, restoreSnapshot } from './restore.js';
import { createSized, ensureSize, mountVolume } from './sized.js';
import { takeSnapshot } from './snapshots.js';

/**
 * Volumes below the root: folders, and those with a size, which are ext4 files beside their folder,
 * mounted there. Whether the file exists says which one it is.
 */
export function linuxVolumes(paths: InstallPaths): Volumes {
  const inTurn = turns();
  return {
    create: (path, how) =>
      attempt(`create volume ${path}`, () => {
        const work = () => ensure(paths, path, how);
        return how.seed ? inTurn(how.seed.image, work) : work();
      }),
    give: (path, how) => attempt(`set the owner of volume ${path}`, () => give(path, how)),
    release: (path) => attempt(`unmount volume ${path}`, () => ensureUnmounted(path)),
    snapshot: async (path, to, now) => {
      await finishRestore(path);
      await finishConversion(path);
      return takeSnapshot(paths, path, to, now);
    },
    snapshots: (path) => listSnapshots(snapshotsDir(path)),
    restore: (path, snapshot, how) =>
      attempt(`restore volume ${path}`, () => restoreSnapshot(paths, path, snapshot, how)),
    createFrom: (path, snapshot, size) =>
      attempt(`create volume ${path}`, () =>
        createFromSnapshot(paths, path, snapshot, size).catch(async (error: unknown) => {
          await runCleanup(() => remove(path));
          await rmdir(dirname(path)).catch(() => undefined);
          throw error;
        }),
      ),
    removeSnapshot: (snapshot) => removeSnapshot(paths, snapshot),
    remove,
  };
}

async function remove(path: string): Promise<void> {
  const files = linuxFiles();
  await finishRestore(path);
  const file = volumeFile(path);
  if (existsSync(file)) await ensureUnmounted(path);
  await removeRemains(path);
  await removeConversion(path);
  await removePartial(file);
  await files.remove(file);
  await files.remove(path);
}

async function ensure(paths: InstallPaths, path: string, how: NewVolume): Promise<void> {
  const file = volumeFile(path);
  await finishRestore(path);
  await finishConversion(path);
  if (how.size === undefined) {
    if (existsSync(file)) return toFolder(path, how);
    return createFolder(paths, path, how);
  }
  if (existsSync(file)) {
    await ensureSize(path, how.size);
    await mountVolume(path);
  } else if (existsSync(path)) {
    await toSized(path, how.size);
  } else {
    return createSized(paths, path, { ...how, size: how.size });
  }
  await createFolder(paths, path, how);
}

/** Work on one image at a time: mounts of one file share a loop device. */
function turns() {
  const last = new Map<string, Promise<unknown>>();
  return <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const before = last.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    last.set(
      key,
      mine.catch(() => undefined),
    );
    return mine;
  };
}

async function attempt<T>(what: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new Error(`cannot ${what}: ${messageOf(error)}`, { cause: error });
  }
}
