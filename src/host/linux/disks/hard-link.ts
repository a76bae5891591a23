import { link, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Gives a file another name beside its own; what had that name before is gone. A file that is not there has none. */
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
