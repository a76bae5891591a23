import { readFileSync } from 'node:fs';
import { readLine, readText } from '../files/read.js';

export interface Mount {
  path: string;
  /** The folder of the file system that is mounted, `/` for all of it. */
  root: string;
  type: string;
  /** A device, or what the file system calls its origin. */
  source: string;
  /** Options of the file system, not of the mount: for cgroup v1 its controllers. */
  options: string[];
}

/** All mounts of our mount namespace, in mount order: the last one at a path is the visible one. */
export function readMounts(): Mount[] {
  return parseMounts(readMountTable());
}

/** The same as the kernel prints it, for who needs but a part of it: the table may be long. */
export function readMountTable(): string {
  return readFileSync('/proc/self/mountinfo', 'utf8');
}

/** Those of file systems whose type begins with `type`. */
export function mountsOf(type: string, table: string): Mount[] {
  const lines = table.split('\n');
  return parseMounts(lines.filter((line) => line.includes(` - ${type}`)).join('\n'));
}

/** Paths at which something is mounted, with the numbers of its device, as `7:0`. */
export function mountPoints(table: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, device = '', path = ''] of table.matchAll(/^\S+ \S+ (\S+) \S+ (\S+)/gm)) {
    found.set(unoctal(path), device);
  }
  return found;
}

const DELETED = '//deleted';

/**
 * Paths, as a process sees them, whose mounted folder or file was deleted: then the kernel
 * (fs/d_path.c, dentry_path) adds `//deleted` to the root of the mount. Empty for no process.
 */
export function deadMountsOf(pid: number): string[] {
  const text = readText(`/proc/${pid}/mountinfo`) ?? '';
  if (!text.includes(DELETED)) return [];
  const mounts = parseMounts(text);
  return mounts.filter(({ root }) => root.endsWith(DELETED)).map(({ path }) => path);
}

/**
 * proc_pid_mountinfo(5): `36 35 98:0 /root /path options fields… - type source super-options`, the
 * number of optional fields before the dash being free.
 */
export function parseMounts(text: string): Mount[] {
  const lines = text.split('\n').filter(Boolean);
  return lines.map((line) => {
    const dash = line.indexOf(' - ');
    const [, , , root = '', path = ''] = line.split(' ', 5);
    const [type = '', source = '', options = ''] = line.slice(dash + 3).split(' ', 3);
    return {
      path: unoctal(path),
      root: unoctal(root),
      type,
      source: unoctal(source),
      options: options.split(','),
    };
  });
}

/**
 * The file behind `/dev/loopN`, as the kernel names it: one that was removed ends in ` (deleted)`.
 * Undefined when the device is no loop device or has no file.
 */
export function backingFile(device: string): string | undefined {
  const name = /^\/dev\/(loop\d+)$/.exec(device)?.[1];
  const text = name && readText(`/sys/block/${name}/loop/backing_file`);
  return text ? text.replace(/\n$/, '') : undefined;
}

/** The same by the numbers of a device, for a look that asks for many of them. */
export function backingOf(device: string | undefined): string | undefined {
  // 7 is the number of loop devices (Documentation/admin-guide/devices.txt)
  if (!device?.startsWith('7:')) return undefined;
  return readLine(`/sys/dev/block/${device}/loop/backing_file`);
}

/** Blank, tab, newline and backslash are octal there: `\040`. Bytes above 127 are not. */
function unoctal(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\([0-7]{3})/g, (_, octal) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
