import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';

/**
 * A folder that is held by a descriptor: what is done below `path` happens in this folder, whatever
 * others put in the place of its name. Programs that we start find it by the same path.
 */
export interface OpenFolder {
  path: BytePath;
  stats: Stats;
  close(): void;
}

/**
 * Opens a folder. Its last component is not followed when it is a link, unless that is asked for.
 *
 * @throws ErrnoException ENOTDIR or ELOOP for what is no folder, ENOENT for what is not there
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

/** What is called `name` in a folder. */
export const within = (folder: OpenFolder, name: BytePath | string) =>
  raw(`${folder.path}/${name}` as BytePath);

/**
 * A path as the kernel has it: bytes, one a character (latin1). File names need not be UTF-8, and
 * decoding one that is not loses what would find it again.
 */
export type BytePath = string & { readonly bytes: true };

/** Of a path that came as text: a configuration, an argument. */
export const bytePath = (text: string) => Buffer.from(text).toString('latin1') as BytePath;

/** Of a path that `join`, `dirname` or `basename` of node:path made of byte paths. */
export const asBytes = (path: string) => path as BytePath;

/** What Node's file functions take. */
export const raw = (path: BytePath): Buffer => Buffer.from(path, 'latin1');

/** For a message; bytes that are not UTF-8 become U+FFFD. */
export const shown = (path: BytePath): string => raw(path).toString();

/**
 * An argument of this program as it was given: Node decodes arguments as UTF-8, and /proc still has
 * the bytes (proc_pid_cmdline(5)).
 */
export function byteArgument(text: string): BytePath {
  if (!text.includes('\ufffd')) return bytePath(text);
  const words = readFileSync('/proc/self/cmdline', 'latin1').split('\0') as BytePath[];
  return words.find((word) => shown(word) === text) ?? bytePath(text);
}
