import { lchownSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InstallPaths } from '../../../model/install-paths.js';
import type { OciSpec } from '../../../model/oci.js';
import type { MountSpec } from '../../../model/specs.js';
import { bundleFiles } from './layout.js';

/**
 * Makes a container's user the owner of its owner-only configuration files, such as a certificate's
 * key. The user may be a name that only the container's disk can resolve.
 *
 * @param uid inside the container; the mounts map it
 */
export function givePrivateFiles(paths: InstallPaths, mounts: MountSpec[], uid: number): void {
  const ours = join(paths.root, 'configs', '/');
  for (const { source } of mounts) {
    if (source.startsWith(ours)) giveIn(source, uid);
  }
}

/** Same for one folder of a running container, after its files have changed. */
export function giveToRunning(paths: InstallPaths, id: string, folder: string): void {
  const uid = userOf(paths, id);
  if (uid !== undefined) giveIn(folder, uid);
}

/** Folders that nobody except baleine writes to. */
function giveIn(folder: string, uid: number): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const found = lstatSync(path);
    const isPrivate = found.isFile() && (found.mode & 0o077) === 0;
    if (isPrivate && found.uid !== uid) lchownSync(path, uid, found.gid);
  }
}

function userOf(paths: InstallPaths, id: string): number | undefined {
  try {
    const text = readFileSync(bundleFiles(paths, id).config, 'utf8');
    return (JSON.parse(text) as OciSpec).process.user.uid;
  } catch {
    // never started here; it gets the files at its start
    return undefined;
  }
}
