import { readFile } from 'node:fs/promises';
import { UserError } from '../../../model/errors.js';
import { run } from '../process/run.js';

/**
 * The loader and the shared libraries of a binary, recursively, as host paths; empty for a static
 * binary or a script. Asks the loader itself (ld.so(8), --list), which runs no code of the binary,
 * as ldd(1) might.
 *
 * @throws UserError if the binary or one of its libraries does not exist
 */
export async function librariesOf(binary: string): Promise<string[]> {
  const loader = interpreterOf(await readBinary(binary));
  if (loader === undefined) return [];
  const { code, stdout, stderr } = await run(loader, ['--list', binary], {
    reject: false,
    env: { LD_LIBRARY_PATH: '', LD_PRELOAD: '' },
    purpose: `list the libraries of ${binary}`,
  });
  const missing = /^\s*(\S+) => not found/m.exec(stdout)?.[1] ?? (code === 0 ? undefined : stderr);
  if (missing !== undefined) {
    throw new UserError(`cannot copy ${binary}: its libraries are incomplete: ${missing}`);
  }
  return [loader, ...pathsIn(stdout)];
}

async function readBinary(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new UserError(
      `cannot copy binary ${path}: ${code === 'ENOENT' ? 'no such file' : code}`,
      'Install the package that has it, or take the image from another source.',
    );
  }
}

/**
 * `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)`, or the path alone; the vdso has no path.
 */
function pathsIn(text: string): string[] {
  return [...text.matchAll(/^\s*(?:\S+ => )?(\/.+) \(0x[0-9a-f]+\)$/gm)].map(
    ([, path]) => path as string,
  );
}

/** Program header with the loader's name: elf(5), PT_INTERP. */
const PT_INTERP = 3;

/** Offsets in elf(5)'s Elf32_Ehdr, Elf32_Phdr and the 64-bit ones. */
const LAYOUT = {
  1: { word: 4, phoff: 28, phentsize: 42, phnum: 44, offset: 4, filesz: 16 },
  2: { word: 8, phoff: 32, phentsize: 54, phnum: 56, offset: 8, filesz: 32 },
} as const;

/**
 * The loader that a dynamic executable requests; undefined for a static one, and for files that are
 * not ELF.
 */
export function interpreterOf(file: Buffer): string | undefined {
  if (file.length < 64 || file.toString('latin1', 0, 4) !== '\x7fELF') return undefined;
  const layout = LAYOUT[file[4] as 1 | 2];
  if (!layout) return undefined;
  const little = file[5] === 1;
  const half = (at: number) => (little ? file.readUInt16LE(at) : file.readUInt16BE(at));
  const word = (at: number) => (little ? file.readUInt32LE(at) : file.readUInt32BE(at));
  const long = (at: number) => Number(little ? file.readBigUInt64LE(at) : file.readBigUInt64BE(at));
  const address = layout.word === 8 ? long : word;
  for (let index = 0; index < half(layout.phnum); index++) {
    const header = address(layout.phoff) + index * half(layout.phentsize);
    if (word(header) !== PT_INTERP) continue;
    const start = address(header + layout.offset);
    return file.toString('utf8', start, start + address(header + layout.filesz) - 1);
  }
  return undefined;
}
