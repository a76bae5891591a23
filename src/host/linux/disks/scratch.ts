import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  builtImagesDir,
  type InstallPaths,
  stagingNotesDir,
} from '../../../model/install-paths.js';
import { isOwned, ownerMark } from '../owner.js';

/** Where scratch files are: in folders of their own in one that is there only with them. */
export interface Place {
  dir: string;
  /** Of what it is in, the lowest folder that is not ours to remove. */
  above: string;
}

/** Small ones, that a program reads during a step. */
export const smallFiles = ({ run }: InstallPaths): Place => ({
  dir: join(run, 'scratch'),
  above: '/run',
});

/** What is as large as an image: beside the images is room for it. */
export const largeFiles = ({ root }: InstallPaths): Place => ({
  dir: join(root, 'scratch'),
  above: dirname(root),
});

/** What Dockerfiles' images are made with. */
export const builds = ({ tag }: InstallPaths): Place => ({
  dir: join(builtImagesDir(tag), 'scratch'),
  above: '/var/cache',
});

const places = (site: InstallPaths) => [smallFiles(site), largeFiles(site), builds(site)];

/**
 * Gives `work` a new folder, only root's. It is gone afterwards; when we are killed, the next run
 * that changes anything takes it away: its name says whose it is.
 */
export async function withScratch<T>(place: Place, work: (dir: string) => Promise<T>): Promise<T> {
  const dir = makeFolder(join(place.dir, ownerMark()));
  try {
    return await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
    removeEmpty(place);
  }
}

/** Whether there are scratch files, in use or left; as a rule there are none, and this is the cost. */
export function hasScratch(site: InstallPaths): boolean {
  return existsSync(stagingNotesDir(site)) || places(site).some(({ dir }) => existsSync(dir));
}

/** Takes away what killed runs have left. */
export function sweepScratch(site: InstallPaths): void {
  for (const place of places(site).filter(({ dir }) => existsSync(dir))) {
    for (const name of readdirSync(place.dir).filter((each) => !isOwned(each))) {
      rmSync(join(place.dir, name), { recursive: true, force: true });
    }
    removeEmpty(place);
  }
}

/** Another run may just be taking away the parents that it has found empty. */
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

/** Removes a folder and those it is in, as far as nothing else is in them. */
export function removeEmpty({ dir, above }: Place): void {
  try {
    for (let each = dir; each !== above; each = dirname(each)) rmdirSync(each);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['ENOTEMPTY', 'ENOENT', 'EBUSY'].includes(code)) throw error;
  }
}
