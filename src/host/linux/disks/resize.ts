import { open, stat } from 'node:fs/promises';
import { LONG, run } from '../process/run.js';

/**
 * Makes an ext4 file that is not mounted, and the file system in it, larger or smaller. A run that was
 * interrupted is finished by the same call.
 *
 * @param size bytes, a multiple of its block size
 * @param shown its name in messages
 * @throws Error if its data does not fit; nothing is lost then
 */
export async function resizeFile(file: string, size: number, shown: string): Promise<void> {
  const purpose = `resize ${shown}`;
  const grows = (await stat(file)).size < size;
  if (grows) await truncate(file, size);
  // resize2fs(8) asks for a check before; 1 means that e2fsck repaired something
  const { code, stdout, stderr } = await run('e2fsck', ['-f', '-p', file], {
    purpose,
    reject: false,
    tail: true,
    timeout: LONG,
  });
  if (code > 1) throw new Error(`cannot ${purpose}: e2fsck: ${stderr || stdout}`);
  // the size in KiB: a number alone would count blocks
  const sizes = [`${Math.floor(size / 1024)}K`];
  await run('resize2fs', ['--', file, ...sizes], { purpose, tail: true, timeout: LONG });
  if (!grows) await truncate(file, size);
}

/**
 * Makes a mounted ext4 file and its file system larger, while they are used.
 *
 * @param device the loop device that has the file
 */
export async function growMounted(file: string, device: string, size: number): Promise<void> {
  const purpose = `grow ${file}`;
  if ((await stat(file)).size < size) await truncate(file, size);
  await run('losetup', ['--set-capacity', device], { purpose });
  await run('resize2fs', ['--', device], { purpose, tail: true, timeout: LONG });
}

async function truncate(file: string, size: number): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.truncate(size);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
