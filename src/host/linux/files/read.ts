import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

/** One object for all calls: Node makes one of a bare `'utf8'` in each. */
const TEXT = { encoding: 'utf8', flag: 'r' } as const;

/** Text of a small file, as the kernel offers them; undefined when it is not there. */
export function readText(path: string): string | undefined {
  return ifThere(() => readFileSync(path, TEXT));
}

/** The one line of a small file, by a third of the calls that `readText` makes. */
export function readLine(path: string): string | undefined {
  return ifThere(() => {
    const fd = openSync(path, 'r');
    try {
      return line.toString('utf8', 0, readSync(fd, line)).replace(/\n$/, '');
    } finally {
      closeSync(fd);
    }
  });
}

/** As much as the kernel offers of a file in /sys at once: a page. */
const line = Buffer.allocUnsafe(4096);

/**
 * Whether a file holds just this text; undefined when it is not there. Of many copies of a text none
 * is taken in as a text of its own, which costs more than to read it.
 */
export function holdsText(path: string, text: string): boolean | undefined {
  if (last.text !== text) last = expected(text);
  const { bytes, found } = last;
  return ifThere(() => {
    const fd = openSync(path, 'r');
    try {
      const length = readSync(fd, found);
      return length === bytes.length && bytes.equals(found.subarray(0, length));
    } finally {
      closeSync(fd);
    }
  });
}

/** The copies of a text are looked at one after the other. */
let last = expected('');

/** With room for one byte more, by which a longer file is told. */
function expected(text: string): { text: string; bytes: Buffer; found: Buffer } {
  const bytes = Buffer.from(text);
  return { text, bytes, found: Buffer.allocUnsafe(bytes.length + 1) };
}

/** Not there is also what a process (ESRCH; EINVAL for its mounts) or a cgroup (ENODEV) on its way out answers. */
const ABSENT = ['ENOENT', 'ENOTDIR', 'ESRCH', 'EINVAL', 'ENODEV'];

/** Undefined when what is looked at is not there. */
export function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (ABSENT.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
