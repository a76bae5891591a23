import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs';
import { type BytePath, raw } from './byte-path.js';

/**
 * A folder that is held by a descriptor: what is done below `path` happens in this folder, whatever
 * others put in the place of its name. Programs that we start find it by the same path.
 */
export interface OpenFolder {
  path: BytePath;
  stats: Stats;
  close(): void;
}

/**
 * Opens a folder. Its last component is not followed when it is a link, unless that is asked for.
 *
 * @throws ErrnoException ENOTDIR or ELOOP for what is no folder, ENOENT for what is not there
 */
export function openFolder(path: BytePath, { follow = false } = {}): OpenFolder {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  const descriptor = openSync(raw(path), O_RDONLY | O_DIRECTORY | (follow ? 0 : O_NOFOLLOW));
  return {
    path: `/proc/${process.pid}/fd/${descriptor}` as BytePath,
    stats: fstatSync(descriptor),
    close: () => closeSync(descriptor),
  };
}

/** What is called `name` in a folder. */
export const within = (folder: OpenFolder, name: BytePath | string) =>
  raw(`${folder.path}/${name}` as BytePath);
