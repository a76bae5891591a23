import { open } from 'node:fs/promises';

/** Writes a file, or the names in a folder, through to the disk: fsync(2). */
export async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
