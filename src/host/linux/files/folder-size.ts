import { lstatSync, opendirSync } from 'node:fs';
import { join } from 'node:path';
import { asBytes, type BytePath, bytePath, raw } from './open-folder.js';

export interface FolderSize {
  /** Number of entries that are not folders. */
  files: number;
  /** Apparent size as in `ls -l`, including holes. */
  bytes: number;
  /** Bytes that its files and folders occupy; each name of a file with several counts. */
  allocated: number;
  /** False if the folder had more entries than a plan has time to count. */
  complete: boolean;
}

/** Limits of counting: entries and milliseconds. */
export interface Bounds {
  entries: number;
  milliseconds: number;
}

const BOUNDS: Bounds = { entries: 200_000, milliseconds: 1000 };

/**
 * Size of a folder's content, excluding mounts in it. Does not follow links: a container may be
 * able to write to the folder. Entries that vanish or cannot be read do not count.
 */
export function folderSize(path: string, bounds: Bounds = BOUNDS): FolderSize {
  const total: FolderSize = { files: 0, bytes: 0, allocated: 0, complete: true };
  const device = lstatSync(path, { throwIfNoEntry: false })?.dev;
  const end = process.uptime() * 1000 + bounds.milliseconds;
  let left = bounds.entries;
  const pending = device === undefined ? [] : [bytePath(path)];
  for (let dir = pending.pop(); dir !== undefined; dir = pending.pop()) {
    for (const name of namesIn(dir)) {
      if (left-- <= 0 || process.uptime() * 1000 > end) return { ...total, complete: false };
      const each = asBytes(join(dir, name));
      const found = attempt(() => lstatSync(raw(each)));
      if (!found) continue;
      total.allocated += found.blocks * 512;
      if (found.isDirectory()) {
        if (found.dev === device) pending.push(each);
        continue;
      }
      total.files += 1;
      if (found.isFile()) total.bytes += found.size;
    }
  }
  return total;
}

/** Iterates instead of listing: a folder may have more entries than we count. */
function* namesIn(path: BytePath): Generator<string> {
  // Node accepts a Buffer here, which its types do not say
  const dir = attempt(() => opendirSync(raw(path) as unknown as string, { encoding: 'latin1' }));
  if (!dir) return;
  try {
    for (;;) {
      const entry = attempt(() => dir.readSync());
      if (!entry) return;
      yield entry.name;
    }
  } finally {
    dir.closeSync();
  }
}

function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
