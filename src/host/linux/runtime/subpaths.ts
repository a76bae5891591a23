import { statSync } from 'node:fs';
import { messageOf, UserError } from '../../../model/errors.js';
import type { MountSpec } from '../../../model/specs.js';
import { asBytes, bytePath, type OpenFolder, openFolder } from '../files/open-folder.js';

/**
 * Runs `work` with mounts whose source is the folder that their `subpath` names. A container may
 * replace a folder of its volume by a link at any time, so each is opened without following links
 * and mounted by its descriptor, which stays open until then.
 *
 * @throws UserError if one does not exist or is not a folder
 */
export async function withSubpaths<Spec extends { mounts: MountSpec[] }, T>(
  spec: Spec,
  work: (spec: Spec) => Promise<T>,
): Promise<T> {
  if (spec.mounts.every(({ subpath }) => subpath === undefined)) return work(spec);
  const open: OpenFolder[] = [];
  try {
    const mounts = spec.mounts.map(({ subpath, ...mount }) => {
      if (subpath === undefined) return mount;
      const folder = openBelow(mount.source, subpath);
      open.push(folder);
      return { ...mount, source: folder.path };
    });
    return await work({ ...spec, mounts });
  } finally {
    for (const each of open) each.close();
  }
}

function openBelow(volume: string, subpath: string): OpenFolder {
  const names = subpath.split('/').filter((name) => name !== '' && name !== '.');
  let folder = openFolder(bytePath(volume));
  for (const name of names) {
    const outer = folder;
    try {
      folder = openFolder(asBytes(`${outer.path}/${bytePath(name)}`));
    } catch (error) {
      throw new UserError(
        `cannot mount ${subpath} of volume ${volume}: ${causeAt(outer, name, error)}`,
        'Create the folder in the volume, for example in a container that mounts all of it.',
      );
    } finally {
      outer.close();
    }
  }
  return folder;
}

function causeAt(outer: OpenFolder, name: string, error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return `there is no ${name}`;
  if (code !== 'ENOTDIR' && code !== 'ELOOP') return messageOf(error);
  const isFolder = statSync(`${outer.path}/${name}`, { throwIfNoEntry: false })?.isDirectory();
  return isFolder ? `${name} is a link` : `${name} is not a folder`;
}
