import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type InstallPaths, rootfsDir } from '../../../model/install-paths.js';
import type { Runtime } from '../../ports.js';
import { ensureUnmounted } from '../disks/mount.js';
import { checkComplete } from '../disks/superblock.js';
import { run } from '../process/run.js';
import { checkDisk } from './disk-checks.js';
import { oneOffDir } from './layout.js';
import { oneOffId } from './one-off.js';

type Check = Parameters<Runtime['verifyAll']>[0][number];

/** Read-only: nothing is written, not even a journal replay, and nothing in it can be executed. */
const OPTIONS = 'loop,ro,noload,nodev,nosuid,noexec,errors=remount-ro';

/** Each image is mounted once, regardless of how many containers start from it. */
export async function verifyAll(
  paths: InstallPaths,
  checks: Check[],
): Promise<(Error | undefined)[]> {
  const answers = new Map<Check, Error | undefined>();
  const images = new Set(checks.map(({ image }) => image));
  for (const image of images) {
    const ofImage = checks.filter((each) => each.image === image);
    const look = async (tree?: string) => {
      for (const each of ofImage)
        answers.set(each, faultOf(tree ?? rootfsDir(paths, each.spec.id), each));
    };
    try {
      await (image === undefined ? look() : withMountedImage(paths, image, look));
    } catch (error) {
      for (const each of ofImage) answers.set(each, error as Error);
    }
  }
  return checks.map((each) => answers.get(each));
}

function faultOf(tree: string, { spec }: Check): Error | undefined {
  try {
    checkDisk(tree, spec);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

/** Uses the folder of a one-off container: if we are killed, the next run removes it. */
async function withMountedImage(
  paths: InstallPaths,
  file: string,
  look: (tree: string) => Promise<void>,
): Promise<void> {
  const dir = join(oneOffDir(paths), oneOffId());
  const tree = join(dir, 'image');
  await checkComplete(file);
  await mkdir(tree, { recursive: true, mode: 0o700 });
  try {
    const args = ['-t', 'ext4', '-o', OPTIONS, '--', file, tree];
    await run('mount', args, { purpose: `look into ${file}` });
    await look(tree);
  } finally {
    await ensureUnmounted(tree);
    await rm(dir, { recursive: true, force: true });
  }
}
