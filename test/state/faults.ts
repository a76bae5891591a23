import type { FileHandle } from 'node:fs/promises';
import { type Disk, nodeDisk } from '../../src/state/disk.js';

export interface FaultyDisk extends Disk {
  /** Every call so far: `open .images.csv.tmp`, `sync .`, `rename images.csv`. */
  calls: string[];
}

/** The real disk, but for the calls `fails` picks, which end in an error of that code. */
export function faultyDisk(
  root: string,
  fails: (call: string, index: number) => 'ENOSPC' | 'EIO' | undefined,
): FaultyDisk {
  const calls: string[] = [];
  const attempt = (verb: string, path: string) => {
    const call = `${verb} ${path === root ? '.' : path.slice(root.length + 1)}`;
    const code = fails(call, calls.push(call) - 1);
    if (code) throw Object.assign(new Error(`${code}: ${call}`), { code });
  };
  return {
    calls,
    open: (async (path: string, flags: string, mode?: number) => {
      attempt('open', path);
      return faultyHandle(await nodeDisk.open(path, flags, mode), (verb) => attempt(verb, path));
    }) as Disk['open'],
    rename: async (from, to) => {
      attempt('rename', String(to));
      await nodeDisk.rename(from, to);
    },
    unlink: async (path) => {
      attempt('unlink', String(path));
      await nodeDisk.unlink(path);
    },
  };
}

function faultyHandle(handle: FileHandle, attempt: (verb: string) => void): FileHandle {
  return {
    writeFile: async (text: string) => {
      // A full disk takes a part.
      await handle.writeFile(text.slice(0, text.length / 2));
      attempt('write');
      await handle.writeFile(text.slice(text.length / 2));
    },
    sync: async () => {
      attempt('sync');
      await handle.sync();
    },
    close: async () => {
      await handle.close();
      attempt('close');
    },
  } as unknown as FileHandle;
}
