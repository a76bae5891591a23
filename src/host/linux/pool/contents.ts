import { readdirSync, readlinkSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { UserError } from '../../../model/errors.js';
import { formatBytes } from '../../../model/format.js';
import { poll } from '../../../model/poll.js';
import { backingFile, type Mount, readMounts } from '../disks/mount-table.js';
import { ifThere } from '../files/read.js';
import { LONG, run } from '../process/run.js';
import COMPARE from './compare.pl?raw';

/** Of the copy's content alone: the lock is of the folder, and the draft says what is unfinished. */
const NOT_COPIED = ['.lock', '.pool.json.new'];

/** cp(1) with everything that a file has. Unlike `--archive`, it fails if it cannot keep something. */
const KEEP_ALL = [
  ...['--recursive', '--no-dereference', '--one-file-system', '--sparse=always'],
  '--preserve=mode,ownership,timestamps,links,xattr',
];

/** Bytes that a folder occupies; a file with several names counts once. */
export async function allocatedIn(dir: string): Promise<number> {
  const args = ['--summarize', '--block-size=1', '--one-file-system', '--', dir];
  const { stdout } = await run('du', args, { purpose: `measure ${dir}`, timeout: LONG });
  return Number(/^\d+/.exec(stdout)?.[0] ?? 0);
}

/**
 * Copies all of a root into an empty folder of another file system, writes it out and compares it.
 *
 * @throws Error if anything could not be copied, or is not the same
 */
export async function copyRoot(from: string, to: string): Promise<void> {
  const purpose = `copy ${from} to ${to}`;
  await run('cp', [...KEEP_ALL, '--', `${from}/.`, to], { purpose, timeout: LONG });
  for (const name of NOT_COPIED) await rm(join(to, name), { force: true });
  // reports writes that failed after cp had ended; nothing else does
  await run('sync', ['--file-system', '--', to], { purpose: `write out ${to}`, timeout: LONG });
  const { code, stdout, stderr } = await run('perl', ['-e', COMPARE, '--', from, to], {
    purpose: `compare ${to} with ${from}`,
    timeout: LONG,
    reject: false,
    tail: true,
  });
  if (code !== 0) throw new Error(`cannot ${purpose}: the copy differs: ${stdout || stderr}`);
}

/** Removes everything in a folder but what is named, and nothing in a mount below it. */
export async function clearFolder(dir: string, except: readonly string[]): Promise<void> {
  const paths = readdirSync(dir).flatMap((name) => (except.includes(name) ? [] : join(dir, name)));
  if (paths.length === 0) return;
  const args = ['--recursive', '--force', '--one-file-system', '--', ...paths];
  await run('rm', args, { purpose: `clear ${dir}`, timeout: LONG });
}

/**
 * What uses files of a root, as text: at most some of it. Empty if nothing does. Volumes with a file
 * system of their own stay mounted while no container runs: if nothing else is in use, they are
 * unmounted; the next apply mounts them.
 */
export async function usersOf(root: string): Promise<string[]> {
  const others = (await allUsers(root)).filter((each) => !each.startsWith(VOLUME));
  if (others.length === 0) await unmountVolumes(root);
  const shown = others.length === 0 ? await allUsers(root) : others;
  return shown.length > MOST ? [...shown.slice(0, MOST), `${shown.length - MOST} more`] : shown;
}

const MOST = 10;

async function allUsers(root: string): Promise<string[]> {
  return [...new Set([...mountsIn(root), ...loopsIn(root), ...(await processesIn(root))])];
}

const isBelow = (path: string, dir: string) => path.startsWith(`${dir}/`);

/** Mounts below a root, of a file below it, and binds of a folder below it. */
function mountsIn(root: string): string[] {
  const mounts = readMounts();
  const own = mounts.findLast(({ path }) => isBelow(`${root}/`, path === '/' ? '' : path));
  const folder = own && insideOf(own, root);
  return mounts.flatMap((mount) => {
    const file = backingFile(mount.source);
    if (file !== undefined && isBelow(file, root)) return [diskName(file, root)];
    if (isBelow(mount.path, root)) return [`a mount on ${mount.path}`];
    const isBind = own && folder && mount.source === own.source && isBelow(mount.root, folder);
    return isBind && mount.type === own.type ? [`a mount of ${mount.root} on ${mount.path}`] : [];
  });
}

/** A path as its file system has it. */
function insideOf({ path, root }: Mount, dir: string): string {
  return join(root, path === '/' ? dir : dir.slice(path.length));
}

/** In every mount namespace. */
function loopsIn(root: string): string[] {
  const names = readdirSync('/sys/block').filter((name) => name.startsWith('loop'));
  const files = names.flatMap((name) => backingFile(`/dev/${name}`) ?? []);
  return files.filter((file) => isBelow(file, root)).map((file) => diskName(file, root));
}

const VOLUME = 'the volume ';

function diskName(file: string, root: string): string {
  const name = basename(file, '.img');
  return isBelow(file, join(root, 'volumes')) ? VOLUME + name : `the disk ${name}`;
}

/** Those that are in use stay. */
async function unmountVolumes(root: string): Promise<void> {
  for (const { path, source } of readMounts()) {
    const file = backingFile(source);
    if (file === undefined || !isBelow(file, join(root, 'volumes')) || !isBelow(path, root))
      continue;
    const { code } = await run('umount', ['--', path], { reject: false });
    // the kernel detaches the loop device a moment later
    const isReleased = () => backingFile(source) !== file;
    if (code === 0) await poll(isReleased, { limit: 5000, pause: 5, maxPause: 50 });
  }
}

/** Processes with an open file or a folder of theirs below a root, without this one. */
async function processesIn(root: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (Number(pid) === process.pid) continue;
    const open = ifThere(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
    const links = ['cwd', 'root', 'exe', ...open.map((fd) => `fd/${fd}`)];
    const isUser = links.some((link) => {
      const path = linkOf(`/proc/${pid}/${link}`);
      return path !== undefined && isBelow(path, root) && path !== join(root, '.lock');
    });
    if (!isUser) continue;
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
    found.push(`process ${pid} (${name.trim()})`);
  }
  return found;
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** @throws UserError unless `used` bytes fit */
export function requireRoom(used: number, free: number, where: string): void {
  if (used <= free) return;
  throw new UserError(
    `cannot copy ${formatBytes(used)}: only ${formatBytes(free)} are free in ${where}`,
    'Nothing was changed. Free some room, or choose another size or place.',
  );
}
