import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { UserError } from '../../../model/errors.js';
import { ifThere } from '../files/read.js';

/**
 * https://docs.kernel.org/filesystems/ext4/globals.html#super-block: offset in the file, and
 * fields.
 */
const OFFSET = 1024;
const LENGTH = 1024;
const MAGIC = 0xef53;
const INCOMPAT_64BIT = 0x80;
const STATE_ERRORS = 0x2;

/** Rejects a file that is not an ext4 file system, or not a complete one. */
export async function checkComplete(file: string): Promise<void> {
  const fault = await faultOf(file);
  if (fault) throw damagedError(file, fault);
}

/**
 * The fault of a file: it is not an ext4 file system, or shorter than the file system in it (a
 * truncated copy, which neither mount nor `e2fsck -n` would report). Undefined if there is none.
 */
export async function faultOf(file: string): Promise<string | undefined> {
  const { size, block } = await read(file);
  if (block.length < LENGTH || block.readUInt16LE(0x38) !== MAGIC) {
    return 'it is no ext4 file system';
  }
  const wanted = bytesIn(block);
  return size < wanted ? `it has ${size} bytes, its file system needs ${wanted}` : undefined;
}

/**
 * Size of a disk file, and the size that its file system needs. Undefined if the file does not
 * exist. For a file that is not ext4, or truncated within its first 2 KiB, the needed size exceeds
 * the actual one.
 */
export function sizesOf(file: string): { size: number; wanted: number } | undefined {
  return ifThere(() => {
    const fd = openSync(file, 'r');
    try {
      const { size } = fstatSync(fd);
      const whole = readSync(fd, readBuffer, 0, LENGTH, OFFSET) === LENGTH;
      const known = whole && readBuffer.readUInt16LE(0x38) === MAGIC;
      return { size, wanted: known ? bytesIn(readBuffer) : Number.POSITIVE_INFINITY };
    } finally {
      closeSync(fd);
    }
  });
}

/** Bytes in use of a file system that is not mounted, with its own structures; 0 if it is not ext4. */
export function usedBytes(file: string): number {
  const fd = openSync(file, 'r');
  try {
    readSync(fd, readBuffer, 0, LENGTH, OFFSET);
  } finally {
    closeSync(fd);
  }
  if (readBuffer.readUInt16LE(0x38) !== MAGIC) return 0;
  const is64 = (readBuffer.readUInt32LE(0x60) & INCOMPAT_64BIT) !== 0;
  const free = readBuffer.readUInt32LE(0xc) + (is64 ? readBuffer.readUInt32LE(0x158) : 0) * 2 ** 32;
  return bytesIn(readBuffer) - free * 2 ** (10 + readBuffer.readUInt32LE(0x18));
}

/** One buffer for all reads. */
const readBuffer = Buffer.allocUnsafe(LENGTH);

/** Whether the kernel has found errors in it and marked it for a check. */
export async function hasErrors(file: string): Promise<boolean> {
  const { block } = await read(file);
  return (block.readUInt16LE(0x3a) & STATE_ERRORS) !== 0;
}

/** Fewer bytes than LENGTH if the file is shorter. */
async function read(file: string): Promise<{ size: number; block: Buffer }> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(LENGTH), 0, LENGTH, OFFSET);
    return { size, block: buffer.subarray(0, bytesRead) };
  } finally {
    await handle.close();
  }
}

/** Blocks (low, and high if 64bit) times 2^(10 + log). */
function bytesIn(block: Buffer): number {
  const is64 = (block.readUInt32LE(0x60) & INCOMPAT_64BIT) !== 0;
  const high = is64 ? block.readUInt32LE(0x150) : 0;
  const blocks = block.readUInt32LE(0x4) + high * 2 ** 32;
  return blocks * 2 ** (10 + block.readUInt32LE(0x18));
}

export function damagedError(file: string, cause: string): UserError {
  return new UserError(
    `cannot mount ${file}: ${cause}`,
    'Its container can be recreated with baleine apply --replace container.<name>',
  );
}
