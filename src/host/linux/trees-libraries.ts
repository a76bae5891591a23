import { readFile } from 'node:fs/promises';
import { UserError } from '../../model/errors.js';
import { run } from './process/run.js';
import { interpreterOf } from './trees-elf.js';

/**
 * The loader and the shared libraries of a binary, recursively, as the host's paths; none for a
 * static one or a script. The loader says so itself (ld.so(8), --list), and runs nothing of the
 * binary, as ldd(1) may.
 *
 * @throws UserError when the binary or one of its libraries is not there
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

/** `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)`, or the path alone; the vdso has none. */
function pathsIn(text: string): string[] {
  return [...text.matchAll(/^\s*(?:\S+ => )?(\/.+) \(0x[0-9a-f]+\)$/gm)].map(
    ([, path]) => path as string,
  );
}
