import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { installPaths } from '../../src/model/install-paths.js';

/** Objects by name (`loop loop3`, `mount /run/x`), with details that identify each one. */
export type Snapshot = Record<string, string>;

export interface SnapshotOptions {
  /** `--root` of the installation: identifies its loops, processes, cgroups and files. */
  root: string;
  /** The process whose mount and network namespaces are observed; default this one. */
  pid?: number;
  /** Its `TMPDIR`. */
  temporary?: string;
}

/**
 * Everything that baleine with this root may leave: loop devices, mounts, network namespaces, links,
 * cgroups, runtime state, processes, files and temporary files. `difference` compares two snapshots.
 */
export async function snapshot({
  root,
  pid = process.pid,
  temporary,
}: SnapshotOptions): Promise<Snapshot> {
  const { tag, run } = installPaths(root);
  return Object.fromEntries([
    ...loops(root),
    ...mounts(pid),
    ...netns(pid),
    ...(await links(pid)),
    ...cgroups(tag),
    ...runtimeState(pid, tag),
    ...processes([root, run], tag),
    ...files(root),
    ...(temporary === undefined ? [] : temporaries(temporary)),
  ]);
}

/** One line for each added, removed or changed object, sorted. */
export function difference(before: Snapshot, after: Snapshot): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name) => {
    const [old, now] = [before[name], after[name]];
    if (old === now) return [];
    if (old === undefined) return [`left: ${name} (${now})`];
    if (now === undefined) return [`gone: ${name} (${old})`];
    return [`changed: ${name} (${old} → ${now})`];
  });
}

type Entry = [name: string, detail: string];

/** Sysfs lists all loop devices in any namespace. The kernel appends ` (deleted)` for a removed file. */
export function loops(root: string): Entry[] {
  return list('/sys/block')
    .filter((name) => name.startsWith('loop'))
    .flatMap((name): Entry[] => {
      const file = text(`/sys/block/${name}/loop/backing_file`).trim();
      return under(file, root) ? [[`loop ${name}`, file]] : [];
    });
}

/** proc_pid_mountinfo(5): fields 1 and 5, and type and source after the separator ` - `. */
function mounts(pid: number): Entry[] {
  const lines = text(`/proc/${pid}/mountinfo`).split('\n').filter(Boolean);
  return lines.map((line) => {
    const [head = '', tail = ''] = line.split(' - ');
    const fields = head.split(' ');
    return [`mount ${fields[0]} ${fields[4]}`, tail.split(' ').slice(0, 2).join(' ')];
  });
}

function netns(pid: number): Entry[] {
  return list(`/proc/${pid}/root/run/netns`).map((name) => [`netns ${name}`, 'named']);
}

async function links(pid: number): Promise<Entry[]> {
  const { stdout } = await execa('nsenter', [`--net=/proc/${pid}/ns/net`, 'ip', '-json', 'link']);
  const seen = JSON.parse(stdout) as { ifname: string; ifindex: number; master?: string }[];
  return seen.map(({ ifname, ifindex, master }) => [
    `link ${ifname}`,
    `index ${ifindex}${master ? ` on ${master}` : ''}`,
  ]);
}

/** Includes the common parent only if it has no other tags: tests run concurrently. */
function cgroups(tag: string): Entry[] {
  return cgroupRoots().flatMap((root) => {
    const parent = join(root, 'baleine');
    const groups = folders(join(parent, tag));
    const others = folders(parent).some(
      (each) => each !== parent && !under(each, join(parent, tag)),
    );
    return [...groups, ...(others ? [] : folders(parent).slice(0, 1))].map(
      (path): Entry => [`cgroup ${path}`, 'there'],
    );
  });
}

/** Mount points of all hierarchies of both versions. */
export function cgroupRoots(): string[] {
  return text('/proc/self/mounts')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type]) => type === 'cgroup' || type === 'cgroup2')
    .map(([, path]) => path as string);
}

/** A cgroup and its descendants, parents first; empty if it does not exist. */
export function folders(path: string): string[] {
  if (!stat(path)?.isDirectory()) return [];
  return [path, ...list(path).flatMap((name) => folders(join(path, name)))];
}

/** Our bundles and mount points, and containers in the runtimes' default state folders. */
function runtimeState(pid: number, tag: string): Entry[] {
  const run = `/proc/${pid}/root/run`;
  const parent = list(join(run, 'baleine')).some((name) => name !== tag) ? [] : ['baleine'];
  const known = ['crun', 'runc'].flatMap((name) =>
    list(join(run, name)).map((id) => join(name, id)),
  );
  const ours = walk(join(run, 'baleine', tag)).map(([path]) => path.slice(run.length + 1));
  return [...parent.filter((name) => stat(join(run, name))), ...known, ...ours].map((path) => [
    `state /run/${path}`,
    'there',
  ]);
}

/** Processes in a cgroup of ours, or with one of our folders among their arguments, as conmon has. */
export function processes(paths: string[], tag: string): Entry[] {
  const own = ancestors(process.pid);
  return list('/proc')
    .filter((name) => /^\d+$/.test(name) && !own.has(Number(name)))
    .flatMap((name): Entry[] => {
      const words = text(`/proc/${name}/cmdline`).split('\0');
      const ours =
        text(`/proc/${name}/cgroup`).includes(`/baleine/${tag}/`) ||
        words.some((word) => paths.some((path) => word.includes(path)));
      const status = text(`/proc/${name}/stat`);
      const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
      if (!ours || !status || fields[0] === 'Z') return [];
      return [[`process ${name}`, `${words.slice(0, 3).join(' ').trim()}, started ${fields[19]}`]];
    });
}

function ancestors(pid: number): Set<number> {
  const found = new Set<number>();
  for (let each = pid; each > 1 && !found.has(each); ) {
    found.add(each);
    each = Number(/^PPid:\s*(\d+)/m.exec(text(`/proc/${each}/status`))?.[1] ?? 0);
  }
  return found;
}

/** Excludes the entry of a destroyed stack, which is kept, and the root if it has nothing else. */
function files(root: string): Entry[] {
  const note = join(root, 'destroyed.csv');
  const isAll = list(root).join() === 'destroyed.csv';
  const found = walk(root).filter(([path]) => path !== note && !(isAll && path === root));
  return found.map(([path, { ino, mtimeMs, size }]) => [
    `file ${path}`,
    `inode ${ino}, ${size} bytes, modified ${new Date(mtimeMs).toISOString()}`,
  ]);
}

function temporaries(dir: string): Entry[] {
  return list(dir).map((name) => [`temporary file ${name}`, 'there']);
}

type Stat = NonNullable<ReturnType<typeof stat>>;

/** A folder and its content, without mounts in it. */
function walk(path: string, device?: number): [string, Stat][] {
  const found = stat(path);
  if (!found || (device !== undefined && found.dev !== device)) return [];
  const inside = found.isDirectory() ? list(path) : [];
  return [[path, found], ...inside.flatMap((name) => walk(join(path, name), found.dev))];
}

const under = (path: string, dir: string) => path === dir || path.startsWith(`${dir}/`);

/** Empty if the folder does not exist: objects may disappear at any time. Same below. */
function list(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function stat(path: string) {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** The kernel's name of a process's namespace. */
export function namespaceOf(pid: number, kind: 'mnt' | 'net'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`);
  } catch {
    return undefined;
  }
}
