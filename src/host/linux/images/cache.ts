import { readdirSync, statSync, utimesSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type InstallPaths, imageCacheDir, stageDir } from '../../../model/install-paths.js';
import { digest } from '../../../model/json.js';
import type { Disks, ImageCache, StageInputs } from '../../ports.js';
import { faultOf } from '../disks/superblock.js';
import { ifThere } from '../files/read.js';
import { LONG, run } from '../process/run.js';

interface CacheOptions {
  /** Identifies this build of baleine: another one may fill a tree in another way. */
  build: string;
  /** Find nothing, so that every stage is made again. */
  noCache: boolean;
}

/**
 * The stages of images, as `cache/ID/CONTENT.STATE.img` below the root: beside the images, since blocks
 * are shared within a file system only. The name is the whole record, so that a kill leaves either a
 * stage under its own name or none.
 */
export function linuxImageCache(
  paths: InstallPaths,
  disks: Pick<Disks, 'replace' | 'remove'>,
  { build, noCache }: CacheOptions,
): ImageCache {
  const contentOf = ({ content }: StageInputs) => digest({ build, content }, DIGITS);
  const drop = async (id: string) => {
    const dir = stageDir(paths, id);
    if (ifThere(() => statSync(dir)) === undefined) return;
    await disks.remove(join(dir, UNFINISHED));
    const args = ['--recursive', '--force', '--one-file-system', '--', dir];
    await run('rm', args, { purpose: `remove ${dir}`, timeout: LONG });
  };
  return {
    find: async (id, inputs) => {
      if (noCache) return undefined;
      const dir = stageDir(paths, id);
      const prefix = `${contentOf(inputs)}.`;
      const names = namesIn(dir).filter((name) =>
        inputs.state === undefined
          ? name.startsWith(prefix)
          : name === `${prefix}${digest(inputs.state, DIGITS)}.img`,
      );
      const [file] = names.map((name) => join(dir, name));
      return file !== undefined && (await isIntact(file)) ? file : undefined;
    },
    keep: async (id, inputs, make) => {
      const dir = stageDir(paths, id);
      const state = inputs.state === undefined ? UNKNOWN : digest(inputs.state, DIGITS);
      const name = `${contentOf(inputs)}.${state}.img`;
      // a fixed name: the next attempt removes what an interrupted one has left
      await make(join(dir, UNFINISHED));
      utimesSync(join(dir, UNFINISHED), SEAL, SEAL);
      await disks.replace(join(dir, UNFINISHED), join(dir, name));
      for (const other of namesIn(dir).filter((each) => each !== name)) {
        await rm(join(dir, other), { force: true });
      }
      return join(dir, name);
    },
    drop,
  };
}

/** Removes the stages of all images. The caller holds the lock. */
export async function dropStages(paths: InstallPaths, cache: ImageCache): Promise<void> {
  for (const id of namesIn(imageCacheDir(paths))) await cache.drop(id);
}

const UNFINISHED = 'unfinished.img';
/** Of a source that did not answer when the stage was made; no digest. */
const UNKNOWN = 'unknown';
const DIGITS = 32;

/** Seconds since 1970: the modification time of a stage. Whatever writes to it changes that. */
const SEAL = 0;

/** Not cut off, and as it was made: its content is not read. */
async function isIntact(file: string): Promise<boolean> {
  const found = statSync(file, { throwIfNoEntry: false });
  return found?.isFile() === true && found.mtimeMs === SEAL && (await faultOf(file)) === undefined;
}

const namesIn = (dir: string): string[] => ifThere(() => readdirSync(dir)) ?? [];
