import type { FileHandle } from 'node:fs/promises';
import { type Disk, nodeDisk } from '../../src/host/linux/files/atomic-write.js';

export interface FaultyDisk extends Disk {
  /** Every call so far: `open .images.csv.tmp`, `sync .`, `rename images.csv`. */
  calls: string[];
  /** Number of calls in progress, without those that never end. */
  busy: number;
  /** Closes files that calls without an end have left open. */
  closeAll(): Promise<void>;
}

/**
 * The real disk, except that `fails` makes calls end with an error of that code, or never. If a call
 * never ends, nothing happens after it, as if the process had been killed.
 */
export function faultyDisk(
  root: string,
  fails: (call: string, index: number) => 'ENOSPC' | 'EIO' | 'never' | undefined,
): FaultyDisk {
  const calls: string[] = [];
  const disk = { calls, busy: 0 };
  const handles: FileHandle[] = [];
  const counted = async <T>(act: () => Promise<T>): Promise<T> => {
    disk.busy += 1;
    try {
      return await act();
    } finally {
      disk.busy -= 1;
    }
  };
  const attempt = async (verb: string, path: string) => {
    const call = `${verb} ${path === root ? '.' : path.slice(root.length + 1)}`;
    const code = fails(call, calls.push(call) - 1);
    if (code === 'never') await new Promise(() => {});
    if (code) throw Object.assign(new Error(`${code}: ${call}`), { code });
  };
  return Object.assign(disk, {
    open: (async (path: string, flags: string, mode?: number) => {
      await attempt('open', path);
      const handle = await counted(() => nodeDisk.open(path, flags, mode));
      handles.push(handle);
      return faultyHandle(handle, (verb) => attempt(verb, path), counted);
    }) as Disk['open'],
    rename: (async (from, to) => {
      await attempt('rename', String(to));
      await counted(() => nodeDisk.rename(from, to));
    }) as Disk['rename'],
    unlink: (async (path) => {
      await attempt('unlink', String(path));
      await counted(() => nodeDisk.unlink(path));
    }) as Disk['unlink'],
    closeAll: async () => {
      for (const handle of handles) if (handle.fd >= 0) await handle.close();
    },
  });
}

function faultyHandle(
  handle: FileHandle,
  attempt: (verb: string) => Promise<void>,
  counted: (act: () => Promise<void>) => Promise<void>,
): FileHandle {
  return {
    writeFile: async (text: string) => {
      // a full disk writes a part
      await counted(() => handle.writeFile(text.slice(0, text.length / 2)));
      await attempt('write');
      await counted(() => handle.writeFile(text.slice(text.length / 2)));
    },
    sync: async () => {
      await attempt('sync');
      await counted(() => handle.sync());
    },
    close: async () => {
      await counted(() => handle.close());
      await attempt('close');
    },
  } as unknown as FileHandle;
}
