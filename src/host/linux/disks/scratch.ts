import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  builtImagesDir,
  type InstallPaths,
  stagingNotesDir,
} from '../../../model/install-paths.js';
import { isOwned, ownerMark } from '../owner.js';

/** Where scratch folders are created. Their parent folder exists only while they do. */
export interface ScratchLocation {
  dir: string;
  /** The lowest ancestor that is not ours to remove. */
  above: string;
}

/** For small files that a program reads during a step. */
export const smallFiles = ({ run }: InstallPaths): ScratchLocation => ({
  dir: join(run, 'scratch'),
  above: '/run',
});

/** For files as large as an image; there is space beside the images. */
export const largeFiles = ({ root }: InstallPaths): ScratchLocation => ({
  dir: join(root, 'scratch'),
  above: dirname(root),
});

/** For builds of Dockerfiles. */
export const buildFiles = ({ tag }: InstallPaths): ScratchLocation => ({
  dir: join(builtImagesDir(tag), 'scratch'),
  above: '/var/cache',
});

const locations = (paths: InstallPaths) => [
  smallFiles(paths),
  largeFiles(paths),
  buildFiles(paths),
];

/**
 * Passes a new folder, accessible to root only, to `work` and removes it afterwards. If we are
 * killed, the next run that changes anything removes it: its name identifies its owner.
 */
export async function withScratch<T>(
  place: ScratchLocation,
  work: (dir: string) => Promise<T>,
): Promise<T> {
  const dir = makeFolder(join(place.dir, ownerMark()));
  try {
    return await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
    removeEmpty(place);
  }
}

/**
 * Whether there are scratch files, in use or left over. Usually there are none, and this check is
 * the only cost.
 */
export function hasScratch(paths: InstallPaths): boolean {
  return existsSync(stagingNotesDir(paths)) || locations(paths).some(({ dir }) => existsSync(dir));
}

/** Removes the scratch files of killed runs. */
export function sweepScratch(paths: InstallPaths): void {
  for (const place of locations(paths).filter(({ dir }) => existsSync(dir))) {
    for (const name of readdirSync(place.dir).filter((each) => !isOwned(each))) {
      rmSync(join(place.dir, name), { recursive: true, force: true });
    }
    removeEmpty(place);
  }
}

/** Another run may be removing the empty parents right now. */
function makeFolder(prefix: string): string {
  for (;;) {
    mkdirSync(dirname(prefix), { recursive: true, mode: 0o700 });
    try {
      return mkdtempSync(prefix);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

/** Removes a folder and its parents as long as they are empty. */
export function removeEmpty({ dir, above }: ScratchLocation): void {
  try {
    for (let each = dir; each !== above; each = dirname(each)) rmdirSync(each);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['ENOTEMPTY', 'ENOENT', 'EBUSY'].includes(code)) throw error;
  }
}
