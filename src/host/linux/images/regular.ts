import { stat } from 'node:fs/promises';
import { UserError } from '../../../model/errors.js';

/** A folder or regular file that a path leads to. */
export interface SourceFile {
  folder: boolean;
  /** Size of a file in bytes. */
  bytes: number;
}

/**
 * Checks the path of an archive. Reading a pipe could block forever, and devices and sockets are
 * not archives.
 *
 * @param purpose `import x.tar`, for messages
 * @throws UserError if it does not exist, or is neither a file nor a folder
 */
export async function fileOrFolder(path: string, purpose: string): Promise<SourceFile> {
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
 * Command prefix for programs that read untrusted archives: tar(1) allocates as much memory as the
 * length of an extended header says.
 */
export const MEMORY_LIMIT = ['prlimit', `--as=${512 * 1024 ** 2}`, '--'];
