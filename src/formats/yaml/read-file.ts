import { isUtf8 } from 'node:buffer';
import { closeSync, openSync, readSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { SourceText } from '../../config/document.js';
import { messageOf, UserError } from '../../model/errors.js';

/** A file that a user named, and what else makes up the stack. */
export interface Source extends SourceText {
  /** Variables for `${NAME}` in values. */
  env: NodeJS.ProcessEnv;
  /** Absent for a text of its own: no other file is merged, and no `.env` is read. */
  project?: ProjectOptions;
}

/** What a user gives besides the first file; compare the options of `docker compose`. */
export interface ProjectOptions {
  /** Files that are merged into the first one, in this order. */
  overrides: readonly string[];
  /** The stack's name, instead of the one in the file. */
  name?: string;
  /** Base of the relative paths in all files; default: the folder of the first one. */
  directory?: string;
  /** Services with other profiles are left out. */
  profiles?: readonly string[];
  /** Services that are active whatever their profiles, because they were started before. */
  running?: readonly string[];
  /** Services whose profiles are active, because the command line names them. */
  named?: readonly string[];
  /** Services by their number of replicas, instead of the one in the file. */
  scale?: Readonly<Record<string, number>>;
  /** In place of `.env`; later ones win. */
  envFiles?: readonly string[];
}

/** Bytes. */
export const MAX_SIZE = 1024 * 1024;

/**
 * Reads the file, or standard input for `-`; relative paths then start at the current folder.
 *
 * @throws UserError if it is missing, unreadable, larger than 1 MiB or not UTF-8
 */
export async function readSource(file: string): Promise<SourceText> {
  if (file !== '-') return readText(file);
  standardInput ??= drain(process.stdin);
  return { file, text: textOf(await standardInput, file), directory: process.cwd() };
}

/** Read once: a command may need the file again. */
let standardInput: Promise<Buffer> | undefined;

/** The same for a file that is not standard input. */
export function readText(file: string): SourceText {
  return { file, text: textOf(contentOf(file), file), directory: dirname(resolve(file)) };
}

function textOf(bytes: Buffer, file: string): string {
  if (bytes.length > MAX_SIZE) throw new UserError(`cannot read ${file}: it is larger than 1 MiB`);
  if (!isUtf8(bytes)) throw new UserError(`cannot read ${file}: it is not UTF-8`);
  return bytes.toString('utf8');
}

function contentOf(file: string): Buffer {
  try {
    return take(file);
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const hint = isMissing ? 'name another with -f FILE, or - for standard input' : undefined;
    const cause = isMissing ? 'no such file' : messageOf(error);
    throw new UserError(`cannot read ${file}: ${cause}`, hint, { cause: error });
  }
}

/** Stops once it is too large: the source may be endless. */
function take(file: string): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const chunks: Buffer[] = [];
    for (let size = 0, more = 1; more > 0 && size <= MAX_SIZE; size += more) {
      const chunk = Buffer.allocUnsafe(64 * 1024);
      more = readSync(descriptor, chunk);
      chunks.push(chunk.subarray(0, more));
    }
    return Buffer.concat(chunks);
  } finally {
    closeSync(descriptor);
  }
}

/** Same for a stream, which may block. */
async function drain(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_SIZE) break;
  }
  return Buffer.concat(chunks);
}
