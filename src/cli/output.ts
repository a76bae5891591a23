import { fstatSync, writeSync, write as writeTo } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { jsonText, printableLines } from '../model/printable.js';

/**
 * Prints to standard output. All text passes a filter that keeps only newlines, tabs and our own
 * colors, so untrusted text cannot control a terminal; `printable` makes it a single line where it
 * comes in. Raw output (`logs`, `exec`, `run`, `cp`) uses `printRaw`.
 *
 * A full disk or a closed pipe never changes the work: see `outputIsIncidental`.
 */
export function print(text: string): void {
  write('stdout', text);
}

export function printToStderr(text: string): void {
  write('stderr', text);
}

/** Prints a value on one line. */
export function printJson(value: unknown): void {
  print(`${jsonText(value)}\n`);
}

/** The output of `inspect`: an array, also for a single value, indented unless `compact`. */
export function printOne(found: readonly unknown[], compact: boolean): void {
  print(`${jsonText(found, compact ? undefined : 2)}\n`);
}

/** Redraws a terminal: cursor to the upper left corner, then clear below it (console_codes(4)). */
export const HOME = '\x1b[H\x1b[J';

/** Colors of view/color.ts, and HOME at the beginning. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the only sequences that may pass
const OWN = /(^\x1b\[H\x1b\[J|\x1b\[(?:[012]|3[123])m)/;

/** Every second part of the split is one of our own sequences. */
function harmless(text: string): string {
  const parts = text.split(OWN);
  return parts.map((part, index) => (index % 2 === 1 ? part : printableLines(part))).join('');
}

/**
 * Prints unfiltered bytes. Other work goes on while it waits for a slow reader; Node's own streams would
 * block, because they write to pipes and terminals synchronously.
 */
export async function printRaw(name: Name, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += (await writePart(DESCRIPTOR[name], bytes.subarray(at))).bytesWritten;
    } catch (error) {
      // another process has set the pipe non-blocking
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

/** A file, or a device such as /dev/full; Node handles terminals and pipes. */
function isFile(descriptor: number): boolean {
  const found = fstatSync(descriptor);
  return found.isFile() || (found.isCharacterDevice() && !process[nameOf(descriptor)].isTTY);
}

const nameOf = (descriptor: number): Name => (descriptor === 1 ? 'stdout' : 'stderr');

/** Node's own stream for files ignores a partial write to a full disk. */
function writeWhole(descriptor: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
}

/**
 * Handles errors of both streams, whatever code writes to them. Node opens a stream on first use; this
 * keeps it so, because a silent run from cron needs neither.
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
 * Makes failed output neither end the command nor change its exit code: for commands that do more than
 * print. A command that only prints exits with 1 if that fails, and silently if its reader has closed
 * the pipe, as `| head` does.
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
