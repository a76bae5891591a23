import { readFileSync } from 'node:fs';
import { readLine, readText } from '../files/read.js';

export interface Mount {
  path: string;
  /** The mounted folder of the file system; `/` for its root. */
  root: string;
  type: string;
  /** A device, or whatever the file system reports as its source. */
  source: string;
  /** Options of the file system, not of the mount: for cgroup v1, its controllers. */
  options: string[];
}

/** All mounts of our mount namespace in mount order: the last one at a path is the visible one. */
export function readMounts(): Mount[] {
  return parseMounts(readMountTable());
}

/**
 * The kernel's text of the mount table, for callers that need only a part: the table may be long.
 */
export function readMountTable(): string {
  return readFileSync('/proc/self/mountinfo', 'utf8');
}

/** Mounts of file systems whose type starts with `type`. */
export function mountsOf(type: string, table: string): Mount[] {
  const lines = table.split('\n');
  return parseMounts(lines.filter((line) => line.includes(` - ${type}`)).join('\n'));
}

/** Mount points with their device numbers (`7:0`). */
export function mountPoints(table: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, device = '', path = ''] of table.matchAll(/^\S+ \S+ (\S+) \S+ (\S+)/gm)) {
    found.set(unescapeOctal(path), device);
  }
  return found;
}

const DELETED = '//deleted';

/**
 * Mount points, as a process sees them, whose mounted folder or file was deleted: the kernel
 * (fs/d_path.c, dentry_path) then appends `//deleted` to the mount's root. Empty if the process
 * does not exist.
 */
export function deadMountsOf(pid: number): string[] {
  const text = readText(`/proc/${pid}/mountinfo`) ?? '';
  if (!text.includes(DELETED)) return [];
  const mounts = parseMounts(text);
  return mounts.filter(({ root }) => root.endsWith(DELETED)).map(({ path }) => path);
}

/**
 * proc_pid_mountinfo(5): `36 35 98:0 /root /path options fields… - type source super-options`, with
 * any number of optional fields before the dash.
 */
export function parseMounts(text: string): Mount[] {
  const lines = text.split('\n').filter(Boolean);
  return lines.map((line) => {
    const dash = line.indexOf(' - ');
    const [, , , root = '', path = ''] = line.split(' ', 5);
    const [type = '', source = '', options = ''] = line.slice(dash + 3).split(' ', 3);
    return {
      path: unescapeOctal(path),
      root: unescapeOctal(root),
      type,
      source: unescapeOctal(source),
      options: options.split(','),
    };
  });
}

/**
 * The file behind `/dev/loopN`, as the kernel names it: ` (deleted)` is appended after removal.
 * Undefined if the device is not a loop device or has no file.
 */
export function backingFile(device: string): string | undefined {
  const name = /^\/dev\/(loop\d+)$/.exec(device)?.[1];
  const text = name && readText(`/sys/block/${name}/loop/backing_file`);
  return text ? text.replace(/\n$/, '') : undefined;
}

/** Same by device numbers, for a snapshot that asks for many of them. */
export function backingFileOfDevice(device: string | undefined): string | undefined {
  // 7 is the major number of loop devices (Documentation/admin-guide/devices.txt)
  if (!device?.startsWith('7:')) return undefined;
  return readLine(`/sys/dev/block/${device}/loop/backing_file`);
}

/**
 * Space, tab, newline and backslash are octal escapes (`\040`). Bytes above 127 are not escaped.
 */
function unescapeOctal(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\([0-7]{3})/g, (_, octal) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
