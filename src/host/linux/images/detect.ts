import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LONG, run } from '../process/run.js';

/** `directory` and `tar` hold a root file system, the others an image with a config. */
export type Detected = 'docker' | 'oci' | 'tar' | 'directory';

/**
 * Tells by its content what a file or folder is; undefined when nothing is there. What `docker save`
 * writes has a manifest.json, an OCI image layout an oci-layout (image-layout.md of the image
 * specification); newer archives of Docker are both, and read as Docker's, for the names in them.
 */
export async function detect(path: string): Promise<Detected | undefined> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return undefined;
  if (found.isDirectory()) return existsSync(join(path, 'oci-layout')) ? 'oci' : 'directory';
  const names = ['manifest.json', './manifest.json', 'oci-layout', './oci-layout'];
  const options = ['--list', '--force-local', '--occurrence=1', `--file=${path}`];
  const { stdout } = await run('tar', [...options, '--', ...names], {
    reject: false,
    timeout: LONG,
  });
  const members = stdout.split('\n').map((name) => name.replace(/^\.\//, ''));
  if (members.includes('manifest.json')) return 'docker';
  return members.includes('oci-layout') ? 'oci' : 'tar';
}
