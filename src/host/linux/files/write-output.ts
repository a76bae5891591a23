import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  createWriteStream,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isatty } from 'node:tty';
import { messageOf, UserError } from '../../../model/errors.js';
import { startChild, together } from '../images/child.js';
import { type Destination, destinationOf } from './destination.js';
import { bytePath, raw, within } from './open-folder.js';

export interface OutputOptions {
  /**
   * Mode of the file whatever was there, for a text with secrets; without it a new file has what the
   * umask leaves of 0666, and one that is replaced keeps its mode and owner.
   */
  mode?: number;
}

/** What is written to, never replaced. */
export type Stream = Destination & { type: 'stream' | 'output' };

/**
 * Writes a text to a path that the user has named. A regular file is replaced in one step; into a
 * device or a FIFO the text is written, which may wait for a reader; nothing else is touched.
 *
 * @throws UserError "cannot write <path>: <cause>"
 */
export async function writeOutput(
  path: string,
  text: string,
  options: OutputOptions = {},
): Promise<void> {
  const to = destinationOf(bytePath(resolve(path)));
  try {
    if (to.type === 'file') replace(to, text, options);
    else if (to.type === 'folder') throw new Error('it is a folder');
    else await writeToStream(to, Readable.from([Buffer.from(text)]));
  } catch (error) {
    throw new UserError(`cannot write ${path}: ${messageOf(error)}`);
  } finally {
    if ('folder' in to) to.folder.close();
  }
}

/** Of open(2), which Node does not name; the same on all that Node runs on. */
const O_PATH = 0o10000000;

/**
 * Opening a FIFO waits for its reader, and writing to it, too: a program does both, so that we can
 * be interrupted meanwhile. What was put in the place of the name since it was looked at is refused.
 */
export async function writeToStream(target: Stream, input: Readable): Promise<void> {
  if (target.type === 'output') {
    return pipeline(input, createWriteStream('', { fd: target.descriptor, autoClose: false }));
  }
  const descriptor = openSync(raw(target.path), O_PATH | constants.O_NOFOLLOW);
  try {
    const found = fstatSync(descriptor);
    if (!found.isCharacterDevice() && !found.isFIFO()) throw new Error('it was just replaced');
    const to = `of=/proc/${process.pid}/fd/${descriptor}`;
    const dd = startChild('dd', ['bs=64K', 'conv=notrunc', 'status=none', to], {
      purpose: 'write',
    });
    dd.stdout.resume();
    await together(pipeline(input, dd.stdin), dd.ended);
  } finally {
    closeSync(descriptor);
  }
}

/** Whether what is written there is seen on a terminal. */
export function isTerminal(target: Stream): boolean {
  if (target.type === 'output') return isatty(target.descriptor);
  // the reader of a FIFO takes an open that ends at once for all that comes
  if (!lstatSync(raw(target.path)).isCharacterDevice()) return false;
  const { O_WRONLY, O_NOFOLLOW, O_NOCTTY, O_NONBLOCK } = constants;
  const descriptor = openSync(raw(target.path), O_WRONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
  try {
    return isatty(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function replace(
  { folder, name, existing }: Destination & { type: 'file' },
  text: string,
  { mode }: OutputOptions,
): void {
  const temporary = within(folder, `.baleine-${randomBytes(8).toString('hex')}`);
  const descriptor = openSync(temporary, 'wx', mode ?? 0o666);
  try {
    if (mode !== undefined) {
      fchmodSync(descriptor, mode); // whatever the umask
    } else if (existing) {
      fchownSync(descriptor, existing.uid, existing.gid);
      fchmodSync(descriptor, existing.mode & 0o777);
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
