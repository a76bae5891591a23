import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { resolve } from 'node:path';
import { isatty } from 'node:tty';
import { messageOf, UserError } from '../../../model/errors.js';
import { bytePath, raw } from './byte-path.js';
import { type Destination, destinationOf } from './destination.js';
import { within } from './open-folder.js';

export interface OutputOptions {
  /**
   * Mode of the file whatever was there, for a text with secrets; without it a new file has what the
   * umask leaves of 0666, and one that is replaced keeps its mode and owner.
   */
  mode?: number;
}

/**
 * Writes a text to a path that the user has named. A regular file is replaced in one step; into a
 * device or a FIFO the text is written, which may wait for a reader; nothing else is touched.
 *
 * @throws UserError "cannot write <path>: <cause>"
 */
export function writeOutput(path: string, text: string, options: OutputOptions = {}): void {
  const to = destinationOf(bytePath(resolve(path)));
  try {
    if (to.type === 'output') writeFileSync(to.descriptor, text);
    else if (to.type === 'stream') writeThrough(to.path, text);
    else if (to.type === 'file') replace(to, text, options);
    else throw new Error('it is a folder');
  } catch (error) {
    throw new UserError(`cannot write ${path}: ${messageOf(error)}`);
  } finally {
    if ('folder' in to) to.folder.close();
  }
}

function writeThrough(path: Parameters<typeof raw>[0], text: string): void {
  const descriptor = openStream(path);
  try {
    writeFileSync(descriptor, text);
  } finally {
    closeSync(descriptor);
  }
}

/** Opens a device or a FIFO; what others have put in its place meanwhile is not opened. */
export function openStream(path: Parameters<typeof raw>[0]): number {
  const descriptor = openSync(
    raw(path),
    constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NOCTTY,
  );
  const found = fstatSync(descriptor);
  if (found.isCharacterDevice() || found.isFIFO()) return descriptor;
  closeSync(descriptor);
  throw new Error('it has just been replaced');
}

/** Whether what is written there reaches a terminal. */
export const isTerminal = (descriptor: number) => isatty(descriptor);

function replace(
  { folder, name, existing }: Destination & { type: 'file' },
  text: string,
  { mode }: OutputOptions,
): void {
  const temporary = within(folder, `.baleine-${randomBytes(8).toString('hex')}`);
  const descriptor = openSync(temporary, 'wx', mode ?? 0o666);
  try {
    if (mode === undefined && existing) {
      fchownSync(descriptor, existing.uid, existing.gid);
      fchmodSync(descriptor, existing.mode & 0o777);
    } else if (mode !== undefined) {
      fchmodSync(descriptor, mode); // whatever the umask
    }
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
    renameSync(temporary, within(folder, name));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
}
