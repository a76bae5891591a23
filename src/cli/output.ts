import { fstatSync, writeSync, write as writeTo } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { jsonText, printableLines } from '../model/printable.js';

/**
 * The one way to standard output and standard error. All text passes a filter that leaves newlines, tabs
 * and our own colors, so nothing that a stranger wrote acts on a terminal; lines of a stranger are
 * made one where they come in, by `printable`. What is raw by its nature (`logs`, `exec`, `run`, `cp`)
 * does not come here.
 *
 * A disk that is full or a reader that is gone never changes what is done: see `outputIsIncidental`.
 */
export function print(text: string): void {
  write('stdout', text);
}

export function printToStderr(text: string): void {
  write('stderr', text);
}

/** One value a line. */
export function printJson(value: unknown): void {
  print(`${jsonText(value)}\n`);
}

/** What `inspect` says: an array, also of one, laid out for people unless `compact`. */
export function printOne(found: readonly unknown[], compact: boolean): void {
  print(`${jsonText(found, compact ? undefined : 2)}\n`);
}

/** What is drawn again and again on a terminal: home, then clear what is below (console_codes(4)). */
export const HOME = '\x1b[H\x1b[J';

/** Colors of view/color.ts, and HOME at the beginning. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the only ones that may pass
const OWN = /(^\x1b\[H\x1b\[J|\x1b\[(?:[012]|3[123])m)/;

/** Every second part of the split is one of ours. */
function harmless(text: string): string {
  const parts = text.split(OWN);
  return parts.map((part, index) => (index % 2 === 1 ? part : printableLines(part))).join('');
}

/**
 * For what is raw by its nature. Waits for a slow reader without standing still: Node's own streams
 * write to pipes and terminals at once, and nothing else is done until they are through.
 */
export async function printRaw(name: Name, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += (await writePart(DESCRIPTOR[name], bytes.subarray(at))).bytesWritten;
    } catch (error) {
      // whoever has opened it, does not want to wait
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') await sleep(5);
      else return failed(name, error as NodeJS.ErrnoException);
    }
  }
}

const writePart = promisify(writeTo);

type Name = 'stdout' | 'stderr';

const DESCRIPTOR = { stdout: 1, stderr: 2 } as const;

function write(name: Name, text: string): void {
  if (text === '') return;
  try {
    if (isFile(DESCRIPTOR[name])) writeWhole(DESCRIPTOR[name], Buffer.from(harmless(text)));
    else process[name].write(harmless(text));
  } catch (error) {
    failed(name, error as NodeJS.ErrnoException);
  }
}

/** Or a device such as /dev/full; a terminal and a pipe are Node's. */
function isFile(descriptor: number): boolean {
  const found = fstatSync(descriptor);
  return found.isFile() || (found.isCharacterDevice() && !process[nameOf(descriptor)].isTTY);
}

const nameOf = (descriptor: number): Name => (descriptor === 1 ? 'stdout' : 'stderr');

/** Node's own stream for files takes a part for the whole when a disk becomes full. */
function writeWhole(descriptor: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
}

/**
 * Watches both streams, whoever writes to them. Node opens them when they are first asked for, and so
 * does this: a run from cron that says nothing does without.
 */
export function watchOutput(): void {
  for (const name of ['stdout', 'stderr'] as const) {
    const property = Object.getOwnPropertyDescriptor(process, name) as PropertyDescriptor;
    const get = () => {
      Object.defineProperty(process, name, property);
      return process[name].on('error', (error: NodeJS.ErrnoException) => failed(name, error));
    };
    Object.defineProperty(process, name, { configurable: true, enumerable: true, get });
  }
}

let incidental = false;

/**
 * From now on a failed output is no reason to end, nor does it change the exit code: for a command that
 * is there to do something. One that only prints ends with 1 when that fails, and without a word when
 * its reader has seen enough, as `| head`.
 */
export function outputIsIncidental(): void {
  incidental = true;
}

function failed(name: Name, error: NodeJS.ErrnoException): void {
  if (incidental || name === 'stderr') return;
  if (error.code === 'EPIPE') process.exit(0);
  printToStderr(
    `Error: cannot write to standard output: ${CAUSES[error.code ?? ''] ?? error.code}\n`,
  );
  process.exit(1);
}

const CAUSES: Record<string, string> = {
  ENOSPC: 'no space left on device',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file is too large',
  EIO: 'input/output error',
};
