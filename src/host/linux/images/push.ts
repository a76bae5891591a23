import type { InstallPaths } from '../../../model/install-paths.js';
import type { Exported } from '../../ports.js';
import { largeFiles, withScratch } from '../disks/scratch.js';
import { bytePath, openFolder } from '../files/open-folder.js';
import { LONG } from '../process/run.js';
import { layout } from './export.js';
import { isLoopback } from './registry.js';
import { tool } from './tool.js';

/** Copies an image to the registry in its reference; see the port. It is assembled beside the images. */
export async function pushImage(paths: InstallPaths, what: Exported): Promise<void> {
  const { reference } = what;
  const purpose = `push ${reference}`;
  await withScratch(largeFiles(paths), async (dir) => {
    const folder = openFolder(bytePath(dir));
    try {
      const name = await layout(what, folder, purpose);
      const tls = isLoopback(reference) ? ['--dest-tls-verify=false'] : [];
      const words = ['copy', '--quiet', ...tls, '--', `oci:${dir}/${name}:${reference}`];
      await tool('skopeo', [...words, `docker://${reference}`], {
        cwd: dir,
        env: { TMPDIR: dir },
        purpose,
        timeout: LONG,
      });
    } finally {
      folder.close();
    }
  });
}
