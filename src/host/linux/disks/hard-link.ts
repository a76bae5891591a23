import { link, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Hard-links a file to a second name beside it, replacing what had that name. If the file does not
 * exist, the second name is removed.
 */
export async function linkFile(file: string, name: string): Promise<void> {
  await rm(name, { force: true });
  try {
    await link(file, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await syncFolder(dirname(name));
}

export async function unlinkFile(name: string): Promise<void> {
  await rm(name, { force: true });
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
