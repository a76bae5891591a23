const MiB = 1024 ** 2;

/** Room for the file system's own tables, and the least there is. */
const BASE = 64 * MiB;

/**
 * Bytes of an image file that has to hold so much data, when the user does not say: half as much
 * again, and 64 MiB, in steps of 64 MiB. It is sparse, so what is too much costs nothing.
 */
export function sizeFor(data: number): number {
  return Math.ceil((data * 1.5 + BASE) / BASE) * BASE;
}
