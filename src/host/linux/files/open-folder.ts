import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';

/**
 * A folder held open by a descriptor: operations below `path` act on this folder, even if its name
 * is replaced. Child processes reach it by the same path.
 */
export interface OpenFolder {
  path: BytePath;
  stats: Stats;
  close(): void;
}

/**
 * Opens a folder. Does not follow a link in the last component unless `follow` is set.
 *
 * @throws ErrnoException ENOTDIR or ELOOP if it is not a folder, ENOENT if it does not exist
 */
export function openFolder(path: BytePath, { follow = false } = {}): OpenFolder {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  const descriptor = openSync(raw(path), O_RDONLY | O_DIRECTORY | (follow ? 0 : O_NOFOLLOW));
  return {
    path: `/proc/${process.pid}/fd/${descriptor}` as BytePath,
    stats: fstatSync(descriptor),
    close: () => closeSync(descriptor),
  };
}

/** Path of the entry `name` in a folder. */
export const within = (folder: OpenFolder, name: BytePath | string) =>
  raw(`${folder.path}/${name}` as BytePath);

/**
 * A path as raw bytes, one per character (latin1). File names need not be UTF-8, and decoding an
 * invalid one would lose the original.
 */
export type BytePath = string & { readonly bytes: true };

/** For a path that came as text: a configuration, an argument. */
export const bytePath = (text: string) => Buffer.from(text).toString('latin1') as BytePath;

/** For the result of `join`, `dirname` or `basename` (node:path) on byte paths. */
export const asBytes = (path: string) => path as BytePath;

/** The form that Node's file functions accept. */
export const raw = (path: BytePath): Buffer => Buffer.from(path, 'latin1');

/** For messages; bytes that are not UTF-8 become U+FFFD. */
export const shown = (path: BytePath): string => raw(path).toString();

/**
 * The original bytes of an argument of this program: Node decodes arguments as UTF-8, and /proc
 * still has the bytes (proc_pid_cmdline(5)).
 */
export function byteArgument(text: string): BytePath {
  if (!text.includes('\ufffd')) return bytePath(text);
  const words = readFileSync('/proc/self/cmdline', 'latin1').split('\0') as BytePath[];
  return words.find((word) => shown(word) === text) ?? bytePath(text);
}
