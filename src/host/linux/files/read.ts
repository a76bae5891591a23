import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  type Stats,
} from 'node:fs';

/** One object for all calls: Node creates one from a bare `'utf8'` in each call. */
const TEXT = { encoding: 'utf8', flag: 'r' } as const;

/** Text of a small file, such as the kernel's; undefined if it does not exist. */
export function readText(path: string): string | undefined {
  return ifThere(() => readFileSync(path, TEXT));
}

/** The single line of a small file, with a third of the calls that `readText` makes. */
export function readLine(path: string): string | undefined {
  return ifThere(() => {
    const fd = openSync(path, 'r');
    try {
      return lineBuffer.toString('utf8', 0, readSync(fd, lineBuffer)).replace(/\n$/, '');
    } finally {
      closeSync(fd);
    }
  });
}

/** The most that the kernel returns for a file in /sys: one page. */
const lineBuffer = Buffer.allocUnsafe(4096);

/**
 * Whether a file has exactly this text; undefined if it does not exist. Compares bytes: decoding
 * every copy of the text would cost more than reading it.
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

/** Copies of the same text are compared consecutively. */
let last = expected('');

/** One byte more than the text, to detect a longer file. */
function expected(text: string): { text: string; bytes: Buffer; found: Buffer } {
  const bytes = Buffer.from(text);
  return { text, bytes, found: Buffer.allocUnsafe(bytes.length + 1) };
}

/** Bytes of a file that a person writes. */
const MAX_INPUT = 1024 ** 2;

/**
 * Text of a file that the user names: a device or a FIFO in its place neither blocks us nor fills
 * our memory.
 *
 * @throws Error with the cause alone, or ErrnoException
 */
export function readInput(path: string, options: InputOptions = {}): string {
  return readInputBytes(path, options).toString('utf8');
}

interface InputOptions {
  /** Default 1 MiB. */
  maxBytes?: number;
  /** Throws for a file that must not be read. */
  check?: (found: Stats) => void;
}

/** The same for any content. */
export function readInputBytes(
  path: string,
  { maxBytes = MAX_INPUT, check }: InputOptions = {},
): Buffer {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile()) throw new Error('it is not a regular file');
    if (found.size > maxBytes) throw new Error(`it is larger than ${maxBytes / 1024 ** 2} MiB`);
    check?.(found);
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Reading a process (ESRCH; EINVAL for its mounts) or a cgroup (ENODEV) that is ending also counts
 * as absent.
 */
const ABSENT = ['ENOENT', 'ENOTDIR', 'ESRCH', 'EINVAL', 'ENODEV'];

/** Undefined if the file does not exist. */
export function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (ABSENT.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
