import { stat } from 'node:fs/promises';
import { UserError } from '../../../model/errors.js';

/** What a path leads to, when it is a folder or a plain file. */
export interface Found {
  folder: boolean;
  /** Bytes of a file. */
  bytes: number;
}

/**
 * Looks what an archive's path leads to. A pipe would be waited for without end, and a device or
 * socket is not an archive.
 *
 * @param purpose `import x.tar`, for messages
 * @throws UserError when nothing is there, or neither file nor folder
 */
export async function fileOrFolder(path: string, purpose: string): Promise<Found> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const absent = error.code === 'ENOENT' || error.code === 'ENOTDIR';
    throw new UserError(`cannot ${purpose}: ${absent ? 'no such file or folder' : error.message}`);
  });
  if (found.isDirectory()) return { folder: true, bytes: 0 };
  if (found.isFile()) return { folder: false, bytes: found.size };
  const kind = found.isFIFO() ? 'a named pipe' : found.isSocket() ? 'a socket' : 'a device';
  throw new UserError(
    `cannot ${purpose}: it is ${kind}, not a file or folder`,
    'Write what comes from there to a file first.',
  );
}

/**
 * Stands in front of a program that reads a stranger's archive: tar(1) takes the length of an
 * extended header, which the archive has, for the memory that it needs.
 */
export const LITTLE_MEMORY = ['prlimit', `--as=${512 * 1024 ** 2}`, '--'];
