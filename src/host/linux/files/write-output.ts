import { randomBytes } from 'node:crypto';
import { closeSync, constants, createWriteStream, fstatSync, lstatSync, openSync } from 'node:fs';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isatty } from 'node:tty';
import { causeOf, messageOf, UserError } from '../../../model/errors.js';
import { startChild, together } from '../images/child.js';
import { replaceFileSync } from './atomic-write.js';
import { type Destination, destinationOf, writeError } from './destination.js';
import { type BytePath, bytePath, raw, within } from './open-folder.js';

export interface OutputOptions {
  /**
   * Mode that the file gets in any case, for secrets. By default a new file gets 0666 minus the
   * umask, and a replaced file keeps its mode and owner.
   */
  mode?: number;
}

/** An output that is written to, never replaced. */
export type Stream = Destination & { type: 'stream' | 'output' };

/**
 * Writes text to a user-specified path. A regular file is replaced atomically. Text for a device or
 * a FIFO is written into it, which may block until there is a reader. Nothing else is touched.
 *
 * @throws UserError "cannot write <path>: <cause>"
 */
export async function writeOutput(
  path: string,
  text: string,
  options: OutputOptions = {},
): Promise<void> {
  const slash = path.endsWith('/') ? '/' : '';
  const to = destinationOf(bytePath(`${resolve(path)}${slash}`));
  try {
    if (to.type === 'file') replace(to, text, options);
    else if (to.type === 'folder') throw new Error('it is a folder');
    else await writeToStream(to, Readable.from([Buffer.from(text)]));
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw writeError(bytePath(path), causeOf(error));
  } finally {
    if ('folder' in to) to.folder.close();
  }
}

/** Flag of open(2) that Node does not name; the same on all platforms that Node supports. */
const O_PATH = 0o10000000;

/**
 * Opening a FIFO and writing to it block until there is a reader, so a child process does both and
 * we stay interruptible. Fails if the path was replaced since it was checked.
 *
 * @throws UserError "cannot write <path>: <cause>"
 */
export async function writeToStream(target: Stream, input: Readable): Promise<void> {
  try {
    if (target.type === 'stream') await writeByProgram(target.path, input);
    else await pipeline(input, createWriteStream('', { fd: target.descriptor, autoClose: false }));
  } catch (error) {
    if (target.type === 'stream') throw writeError(target.path, causeOf(error));
    const name = target.descriptor === 1 ? 'standard output' : 'standard error';
    throw new UserError(`cannot write to ${name}: ${causeOf(error)}`);
  }
}

async function writeByProgram(path: BytePath, input: Readable): Promise<void> {
  const descriptor = openSync(raw(path), O_PATH | constants.O_NOFOLLOW);
  try {
    const found = fstatSync(descriptor);
    if (!found.isCharacterDevice() && !found.isFIFO()) throw new Error('it was just replaced');
    const to = `of=/proc/${process.pid}/fd/${descriptor}`;
    const dd = startChild('dd', ['bs=64K', 'conv=notrunc', 'status=none', to], {
      purpose: 'write',
    });
    dd.stdout.resume();
    // dd: error writing '/proc/7/fd/18': No space left on device
    const ended = dd.ended.catch((error) => {
      throw new Error(messageOf(error).replace(/^.*: /s, ''));
    });
    await together(pipeline(input, dd.stdin), ended);
  } finally {
    closeSync(descriptor);
  }
}

/** Whether the output is shown on a terminal. */
export function isTerminal(target: Stream): boolean {
  if (target.type === 'output') return isatty(target.descriptor);
  // opening and closing a FIFO would signal the end of the data to its reader
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
  const kept = existing && mode === undefined ? existing : undefined;
  replaceFileSync(within(folder, name), text, {
    // other accounts may write to the folder
    temporary: within(folder, `.baleine-${randomBytes(8).toString('hex')}`),
    mode: mode ?? 0o666,
    exactMode: mode ?? (kept && kept.mode & 0o777),
    owner: kept,
    durable: true,
  });
}
