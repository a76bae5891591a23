import { link, open, stat } from 'node:fs/promises';
import { UserError } from '../../../model/errors.js';
import type { Disks } from '../../ports.js';
import { installFiles, removeFile } from '../files/atomic-write.js';
import { LONG, run } from '../process/run.js';
import { CP_OPTIONS, copyAll, explainDiskFull } from './copies.js';
import { createFiles, partialMountPoint, removePartial } from './create-files.js';
import { linkFile } from './hard-link.js';
import { ensureMounted, ensureReleased, ensureUnmounted, unmountAll } from './mount.js';
import { mountAll } from './mount-all.js';
import { backingFile, readMounts } from './mount-table.js';
import { resizeFile } from './resize.js';
import { checkComplete, faultOf } from './superblock.js';

type Fill = (tree: string) => Promise<void>;

/** 4 KiB blocks for every size: mkfs uses 1 KiB below 512 MiB, which is slower. */
const MKFS = [
  ...['-q', '-F', '-b', '4096', '-m', '0', '-E', 'assume_storage_prezeroed=1,root_owner=0:0'],
];

/** Image files and the disks copied from them. */
export function linuxDisks(): Disks {
  return {
    create: (file, size, fill) =>
      createAtomically(file, async (part) => {
        await allocate(part, size);
        await run('mkfs.ext4', [...MKFS, part], {
          purpose: `make a file system in ${file}`,
          timeout: LONG,
        });
        await fillFile(part, fill, file);
      }),
    copy: async (from, to, size) => {
      if (await sizeOf(to)) return;
      await createAtomically(to, (part) => copyFile(from, part, size, to));
    },
    copyAll,
    derive: async (from, to, size, fill) => {
      await createAtomically(to, async (part) => {
        // a finished image is never written to, so an unchanged copy can be the same file
        if (!fill && (await sizeOf(from)) === size) return link(from, part);
        await copyFile(from, part, size, to);
        if (fill) await fillFile(part, fill, to);
      });
      // rename(2) leaves both names of one file
      await removePartial(to);
    },
    check,
    checkComplete,
    linkAs: linkFile,
    replace: (from, to) => installFiles([{ from, to }]),
    remove: async (file) => {
      await removePartial(file);
      await removeFile(file);
    },
    ensureMounted,
    mountAll,
    flush: async (dir) => {
      await run('sync', ['--file-system', '--', dir], {
        purpose: `write out ${dir}`,
        timeout: LONG,
      });
    },
    ensureUnmounted,
    unmountAll,
  };
}

function createAtomically(file: string, make: (part: string) => Promise<void>): Promise<void> {
  return createFiles([file], ([part = '']) =>
    make(part).catch((error: unknown) => explainDiskFull(error, file)),
  );
}

async function allocate(part: string, size: number): Promise<void> {
  const handle = await open(part, 'wx', 0o600);
  try {
    await handle.truncate(size);
  } finally {
    await handle.close();
  }
}

async function fillFile(part: string, fill: Fill, file: string): Promise<void> {
  const tree = partialMountPoint(part);
  await ensureMounted(part, tree);
  await fill(tree);
  // sync reports writes that failed after the programs had ended; nothing else does
  await run('sync', ['--file-system', '--', tree], { purpose: `write out ${file}`, timeout: LONG });
  await ensureUnmounted(tree);
  await ensureReleased(part);
  await run('e2fsck', ['-n', '-f', part], { purpose: `check ${file}`, tail: true, timeout: LONG });
}

/** e2fsck(8) exits with 0 for a clean file system; -n opens it read-only. */
async function check(file: string): Promise<void> {
  const mounted = readMounts().find(({ source }) => backingFile(source) === file);
  const fault = mounted ? `it is mounted on ${mounted.path}` : await faultOf(file);
  if (fault) throw new UserError(`cannot use ${file}: ${fault}`);
  const { code, stdout } = await run('e2fsck', ['-n', '-f', file], {
    reject: false,
    tail: true,
    timeout: LONG,
  });
  if (code === 0) return;
  const words = stdout.split('\n').filter(Boolean).slice(1, 3).join('; ');
  throw new UserError(`cannot use ${file}: it is not clean: ${words}`, `e2fsck -f ${file}`);
}

async function copyFile(from: string, part: string, size: number | undefined, to: string) {
  const before = await sizeOf(from);
  if (size !== undefined && before !== undefined && size < before) {
    throw new UserError(
      `cannot make ${to} of ${size} bytes: its source has ${before}`,
      'Give it at least the size of the image it is made from',
    );
  }
  await run('cp', [...CP_OPTIONS, '--', from, part], {
    purpose: `copy ${from} to ${to}`,
    timeout: LONG,
  });
  if (size !== undefined && size !== before) await resizeFile(part, size, to);
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
