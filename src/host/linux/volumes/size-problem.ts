import { existsSync, readdirSync, statfsSync } from 'node:fs';
import { formatBytes } from '../../../model/format.js';
import { volumeFile } from '../../../model/install-paths.js';
import { type Mount, parseMounts, readMounts } from '../disks/mount-table.js';
import { sizesOf, usedBytes } from '../disks/superblock.js';
import { folderSize } from '../files/folder-size.js';
import { readText } from '../files/read.js';
import { readHostFacts } from '../runtime/host-facts.js';

/**
 * Why a volume cannot become one of this size; undefined if it can.
 *
 * @param size bytes; undefined for a folder without a size
 */
export function sizeProblem(path: string, size: number | undefined): string | undefined {
  const before = sizesOf(volumeFile(path))?.size;
  if (before === size || (before === undefined && !existsSync(path))) return undefined;
  const grows = before !== undefined && size !== undefined && size > before;
  if (grows && canGrowMounted()) return undefined;
  const used = usedIn(path, before !== undefined);
  if (size !== undefined && used > size) {
    return `its data takes ${formatBytes(used)}, more than ${formatBytes(size)}`;
  }
  const pid = userOf(path);
  if (pid === undefined) return undefined;
  const change = grows ? GROW : before ? (size === undefined ? LOSE : SHRINK) : GET;
  return `process ${pid} has it mounted, and a volume in use cannot ${change}: stop its containers first`;
}

const GET = 'get a size';
const LOSE = 'lose its size';
const SHRINK = 'become smaller';
const GROW = 'grow here, because root has no CAP_SYS_RESOURCE on this host';

/** ext4 grows while it is mounted only for who has this capability (fs/ext4/resize.c). */
export const canGrowMounted = (): boolean => readHostFacts().capabilities.has('CAP_SYS_RESOURCE');

function usedIn(path: string, isSized: boolean): number {
  if (!isSized) return folderSize(path).allocated;
  if (!readMounts().some((each) => each.path === path)) return usedBytes(volumeFile(path));
  const { blocks, bfree, bsize } = statfsSync(path);
  return (blocks - bfree) * bsize;
}

/** A process, in another mount namespace than ours, that has a volume mounted anywhere else. */
export function userOf(path: string): number | undefined {
  const own = placeOf(path, readMounts());
  if (!own) return undefined;
  for (const pid of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    const text = readText(`/proc/${pid}/mountinfo`) ?? '';
    if (!text.includes(` ${own.device} `)) continue;
    const isHere = (each: Mount & { device: string }) =>
      each.path !== path &&
      each.device === own.device &&
      (each.root === own.root || each.root.startsWith(`${own.root.replace(/\/$/, '')}/`));
    if (withDevices(text).some(isHere)) return Number(pid);
  }
  return undefined;
}

/** The file system of a folder, and the folder's path in it. */
function placeOf(path: string, mounts: readonly Mount[]) {
  const parents = mounts.filter((each) =>
    `${path}/`.startsWith(`${each.path.replace(/\/$/, '')}/`),
  );
  const longest = Math.max(...parents.map((each) => each.path.length));
  const mount = parents.findLast((each) => each.path.length === longest);
  if (!mount) return undefined;
  const table = withDevices(readText('/proc/self/mountinfo') ?? '');
  const device = table.findLast((each) => each.path === mount.path)?.device ?? '';
  const inside = path.slice(mount.path.replace(/\/$/, '').length);
  return { device, root: `${mount.root.replace(/\/$/, '')}${inside}` || '/' };
}

/** Mounts with their device numbers, `7:0`. */
function withDevices(text: string): (Mount & { device: string })[] {
  const devices = text
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(' ', 3)[2] ?? '');
  return parseMounts(text).map((mount, index) => ({ ...mount, device: devices[index] ?? '' }));
}
