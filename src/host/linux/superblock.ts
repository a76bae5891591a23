import { open } from 'node:fs/promises';
import { UserError } from '../../model/errors.js';

/** https://docs.kernel.org/filesystems/ext4/globals.html#super-block: place in the file, and fields. */
const OFFSET = 1024;
const LENGTH = 1024;
const MAGIC = 0xef53;
const INCOMPAT_64BIT = 0x80;

/**
 * Refuses a file that is no ext4 file system, or shorter than the file system in it: a copy was
 * cut off, and neither mount nor `e2fsck -n` would say so.
 */
export async function checkWhole(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const block = Buffer.alloc(LENGTH);
    const { bytesRead } = await handle.read(block, 0, LENGTH, OFFSET);
    if (bytesRead < LENGTH || block.readUInt16LE(0x38) !== MAGIC) {
      throw damaged(file, 'it is no ext4 file system');
    }
    const wanted = bytesIn(block);
    if (size < wanted) {
      throw damaged(file, `it has ${size} bytes, its file system ${wanted}`);
    }
  } finally {
    await handle.close();
  }
}

/** Blocks (low, and high when 64bit) times 2^(10 + log). */
function bytesIn(block: Buffer): number {
  const is64 = (block.readUInt32LE(0x60) & INCOMPAT_64BIT) !== 0;
  const high = is64 ? block.readUInt32LE(0x150) : 0;
  const blocks = block.readUInt32LE(0x4) + high * 2 ** 32;
  return blocks * 2 ** (10 + block.readUInt32LE(0x18));
}

function damaged(file: string, cause: string): UserError {
  return new UserError(
    `cannot mount ${file}: ${cause}`,
    'Its container can be made anew with baleine apply --replace container.<name>',
  );
}
