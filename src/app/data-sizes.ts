import { usedBytes } from '../host/linux/disks/superblock.js';
import { folderSize } from '../host/linux/files/folder-size.js';
import { unmountedFile } from '../host/linux/volumes/sized.js';
import { type Address, addressOf } from '../model/address.js';
import { formatBytes } from '../model/format.js';
import type { Row } from '../model/resource.js';
import type { VolumeSpec } from '../model/specs.js';

/** How much data is in each volume, for a warning before it is deleted: `12 files, 3.4M`. */
export function dataSizes(rows: readonly Row[]): Map<Address, string> {
  return new Map(
    rows
      .filter(({ kind }) => kind === 'volume')
      .map(({ kind, name, spec }) => [
        addressOf(kind, name),
        dataSizeOf((spec as VolumeSpec).path),
      ]),
  );
}

/** @param path of a volume; the text of one with very many files begins with "more than" */
export function dataSizeOf(path: string): string {
  const file = unmountedFile(path);
  if (file !== undefined) return `${formatBytes(usedBytes(file))} in ${file}`;
  const { files, bytes, complete } = folderSize(path);
  const text = `${files} ${files === 1 ? 'file' : 'files'}, ${formatBytes(bytes)}`;
  return complete ? text : `more than ${text}`;
}
