import { open } from 'node:fs/promises';

const BLOCK = 512;

/**
 * Where the content of a tar file's member begins, in bytes. Before its header there may be others
 * for a long name, which GNU tar counts as its own (tar.h in GNU tar's manual, "GNU_LONGNAME").
 *
 * @param block of 512 bytes in which its headers begin
 */
export async function contentOf(path: string, block: number, purpose: string): Promise<number> {
  const file = await open(path, 'r');
  try {
    for (let at = block; ; ) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(BLOCK), 0, BLOCK, at * BLOCK);
      if (bytesRead < BLOCK) throw new Error(`cannot ${purpose}: the archive ends too early`);
      if (!'KL'.includes(buffer.toString('latin1', TYPE, TYPE + 1))) return (at + 1) * BLOCK;
      const [size] = /[0-7]+/.exec(buffer.toString('latin1', SIZE, SIZE + 12)) ?? [];
      if (size === undefined) throw new Error(`cannot ${purpose}: a name in it has no length`);
      at += 1 + Math.ceil(Number.parseInt(size, 8) / BLOCK);
    }
  } finally {
    await file.close();
  }
}

/** Offsets in POSIX' ustar header: of the size, in octal, and of the type. */
const SIZE = 124;
const TYPE = 156;
