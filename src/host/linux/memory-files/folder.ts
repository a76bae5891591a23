import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type InstallPaths,
  memoryFile,
  memoryFilesDir,
  memoryFolder,
} from '../../../model/install-paths.js';
import { digestOfBytes } from '../../../model/json.js';
import type { MemoryFileState } from '../../../model/specs.js';
import { ifThere } from '../files/read.js';

/** What was written for a container: a file in the folder beside its files, written last. */
export interface Manifest {
  files: ManifestEntry[];
}

export interface ManifestEntry extends Omit<MemoryFileState, 'intact'> {
  /** SHA-256 of the content, which is beside it: an edited file has another one. */
  content: string;
}

export const manifestFile = (paths: InstallPaths, id: string) =>
  join(memoryFolder(paths, id), 'files.json');

/** The ids of containers with a folder. */
export function idsWithFiles(paths: InstallPaths): string[] {
  return ifThere(() => readdirSync(memoryFilesDir(paths))) ?? [];
}

/** The files of a container as they are; undefined without a folder. Nobody but root writes there. */
export function readMemoryFiles(paths: InstallPaths, id: string): MemoryFileState[] | undefined {
  const { files } = readManifest(paths, id) ?? {};
  return files?.flatMap(({ content, ...file }) => {
    const found = contentAt(memoryFile(paths, id, file.target));
    return found ? [{ ...file, intact: digestOfBytes(found) === content }] : [];
  });
}

/** Empty for a folder that was not completely written. */
export function readManifest(paths: InstallPaths, id: string): Manifest | undefined {
  const text = ifThere(() => readFileSync(manifestFile(paths, id), 'utf8'));
  if (text === undefined) {
    return ifThere(() => readdirSync(memoryFolder(paths, id))) && { files: [] };
  }
  try {
    return JSON.parse(text) as Manifest;
  } catch {
    return { files: [] };
  }
}

/** Undefined if it is no regular file. */
export function contentAt(path: string): Buffer | undefined {
  return ifThere(() => {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const descriptor = openSync(path, flags);
    try {
      return fstatSync(descriptor).isFile() ? readFileSync(descriptor) : undefined;
    } finally {
      closeSync(descriptor);
    }
  });
}

/** Bytes of a text of which a plan shows the changed lines. */
export const MAX_SHOWN = 64 * 1024;

/** The content as text if a plan can show it. */
export function shownText(content: Buffer | undefined): string | undefined {
  if (!content || content.length > MAX_SHOWN || content.includes(0)) return undefined;
  const text = content.toString('utf8');
  return Buffer.from(text).equals(content) ? text : undefined;
}
