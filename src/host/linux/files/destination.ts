import { fstatSync, lstatSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { causeOf, UserError } from '../../../model/errors.js';
import {
  asBytes,
  type BytePath,
  type OpenFolder,
  openFolder,
  raw,
  shown,
  within,
} from './open-folder.js';

/** Target of a user-specified output path. */
export type Destination =
  | { type: 'folder'; folder: OpenFolder }
  /** A regular file, or nothing yet. */
  | { type: 'file'; folder: OpenFolder; name: BytePath; existing: Stats | undefined }
  /** A device or a FIFO: opened and written to, as a shell redirection does. */
  | { type: 'stream'; path: BytePath }
  /** Our own standard output or standard error, under any name. */
  | { type: 'output'; descriptor: 1 | 2 };

/** Maximum number of consecutive links before ELOOP: path_resolution(7). */
const MAX_LINKS = 40;

/**
 * Determines how to write to a user-specified output path. Only regular files are ever replaced.
 * The caller closes the folder.
 *
 * In a folder that other accounts may write to, their files may have been planted for us to follow
 * or replace. They are rejected, as by the kernel's protected_symlinks and protected_regular
 * (proc_sys_fs(5)). Links of other accounts are rejected everywhere.
 *
 * @param path a slash at its end requires an existing folder
 * @throws UserError "cannot write <path>: <cause>"
 */
export function destinationOf(path: BytePath): Destination {
  try {
    const found = ownOutput(path) ?? follow(path, path, MAX_LINKS);
    if (!path.endsWith('/') || found.type === 'folder') return found;
    if (found.type === 'file') found.folder.close();
    throw noFolder(path, path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw noFolder(path, asBytes(dirname(path)));
    throw writeError(path, causeOf(error));
  }
}

/** `/dev/stdout`, `/proc/self/fd/1`, or the file that it is redirected to. */
function ownOutput(path: BytePath): Destination | undefined {
  const found = statThrough(path);
  if (!found || found.isDirectory()) return undefined;
  for (const descriptor of [1, 2] as const) {
    const { dev, ino } = fstatSync(descriptor);
    if (found.dev === dev && found.ino === ino) return { type: 'output', descriptor };
  }
  return undefined;
}

/** Undefined if it leads nowhere; the caller then determines the cause. */
function statThrough(path: BytePath): Stats | undefined {
  try {
    return statSync(raw(path));
  } catch {
    return undefined;
  }
}

function follow(requested: BytePath, path: BytePath, links: number): Destination {
  const folder = openFolder(asBytes(dirname(path)), { follow: true });
  let kept = false;
  try {
    const name = asBytes(basename(path));
    const existing = lstatSync(within(folder, name), { throwIfNoEntry: false });
    if (existing) refuseForeign(requested, existing, folder.stats);
    if (existing?.isDirectory()) {
      return { type: 'folder', folder: openFolder(asBytes(`${folder.path}/${name}`)) };
    }
    if (existing?.isSymbolicLink()) {
      if (links === 0) throw leadsNowhere(requested);
      return follow(requested, linkTarget(requested, path), links - 1);
    }
    if (!existing || existing.isFile()) {
      kept = true;
      return { type: 'file', folder, name, existing };
    }
    if (existing.isSocket()) throw writeError(requested, 'it is a socket');
    if (existing.isBlockDevice()) throw writeError(requested, 'it is a block device');
    return { type: 'stream', path };
  } finally {
    if (!kept) folder.close();
  }
}

/**
 * Target of a link to an existing file or folder. A dangling link is an error: it is unlikely that
 * the user wants to create its target.
 */
function linkTarget(requested: BytePath, link: BytePath): BytePath {
  try {
    return realpathSync.native(raw(link), 'latin1') as BytePath;
  } catch {
    throw leadsNowhere(requested);
  }
}

function refuseForeign(requested: BytePath, existing: Stats, folder: Stats): void {
  const us = process.geteuid?.() ?? 0;
  if (existing.uid === us) return;
  const shared = (folder.mode & 0o022) !== 0;
  if (!existing.isSymbolicLink() && (existing.uid === folder.uid || !shared)) return;
  throw new UserError(
    `cannot write ${shown(requested)}: it belongs to another account, user id ${existing.uid}`,
    'Take another name, or a folder that only root may write to.',
  );
}

function noFolder(path: BytePath, folder: BytePath): UserError {
  const hint = `mkdir -p -- ${shown(folder)}`;
  return writeError(path, `there is no folder ${shown(folder)}`, hint);
}

function leadsNowhere(path: BytePath): UserError {
  const hint = 'Remove the link, or create the file that it leads to.';
  return writeError(path, 'it is a link that leads nowhere', hint);
}

/** The hint is for causes that only another path avoids. */
export function writeError(
  path: BytePath,
  cause: string,
  hint = 'Take the path of a new file, or of a file to replace.',
): UserError {
  return new UserError(`cannot write ${shown(path)}: ${cause}`, hint);
}
