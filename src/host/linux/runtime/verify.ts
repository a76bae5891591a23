import { type InstallPaths, rootfsDir } from '../../../model/install-paths.js';
import type { Runtime } from '../../ports.js';
import { checkDisk } from './disk-checks.js';
import { checkProgram } from './exec-error-code.js';
import { withMountedImage } from './mounted-image.js';

type Check = Parameters<Runtime['verifyAll']>[0][number];

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

function faultOf(tree: string, { spec, program }: Check): Error | undefined {
  try {
    checkDisk(tree, spec);
    if (program) checkProgram(tree, spec);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
