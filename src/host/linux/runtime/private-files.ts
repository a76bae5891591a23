import { lchownSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InstallPaths } from '../../../model/install-paths.js';
import type { MountSpec } from '../../../model/specs.js';
import { bundleFiles } from './layout.js';
import type { OciSpec } from './oci.js';

/**
 * Gives a container's user what only its owner may read among the configuration files that it is to
 * have, such as a certificate's key. That user has a name perhaps, which its disk alone knows.
 *
 * @param uid as numbered in the container, which its mounts are mapped to
 */
export function givePrivateFiles(site: InstallPaths, mounts: MountSpec[], uid: number): void {
  const ours = join(site.root, 'configs', '/');
  for (const { source } of mounts) {
    if (source.startsWith(ours)) giveIn(source, uid);
  }
}

/** The same for a folder of one that runs, whose files have changed. */
export function giveToRunning(site: InstallPaths, id: string, folder: string): void {
  const uid = userOf(site, id);
  if (uid !== undefined) giveIn(folder, uid);
}

/** Folders that nobody but baleine writes to. */
function giveIn(folder: string, uid: number): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const found = lstatSync(path);
    const isPrivate = found.isFile() && (found.mode & 0o077) === 0;
    if (isPrivate && found.uid !== uid) lchownSync(path, uid, found.gid);
  }
}

function userOf(site: InstallPaths, id: string): number | undefined {
  try {
    const text = readFileSync(bundleFiles(site, id).config, 'utf8');
    return (JSON.parse(text) as OciSpec).process.user.uid;
  } catch {
    // it was never started here, and is given them when it is
    return undefined;
  }
}
