import { existsSync } from 'node:fs';
import { mkdir, rmdir } from 'node:fs/promises';
import { UserError } from '../../../model/errors.js';
import { CONVERTED, volumeFile } from '../../../model/install-paths.js';
import type { NewVolume } from '../../ports.js';
import { removePartial } from '../disks/create-files.js';
import { ensureUnmounted } from '../disks/mount.js';
import { linuxFiles } from '../files/index.js';
import { beside, copyTree, give, put, writeOut } from './folder.js';
import { sizeProblem } from './size-problem.js';
import { makeFile, mountVolume } from './sized.js';

/*
 * A volume gets a size, or loses it: its data is copied into its other form beside it, which then takes
 * its place. At any time one form is complete and the only one under the volume's name:
 *
 * - `.NAME.converted.img`, `.NAME.converted`: the new form. As long as the old one has its name, it is
 *   removed by the next attempt; afterwards it is the volume.
 * - `.NAME.former`, `.NAME.former.img`: the old form, once the new one is complete.
 */

const newFile = (path: string) => beside(path, CONVERTED.newFile);
const newFolder = (path: string) => beside(path, CONVERTED.newFolder);
const oldFolder = (path: string) => beside(path, CONVERTED.oldFolder);
const oldFile = (path: string) => beside(path, CONVERTED.oldFile);

/** Gives a folder a size. @throws UserError if something uses it, or its data does not fit */
export async function toSized(path: string, size: number): Promise<void> {
  refuse(path, size);
  const { remove } = linuxFiles();
  await remove(newFile(path));
  await makeFile(newFile(path), size, (tree) => copyTree(path, tree));
  await put(path, oldFolder(path));
  await finishConversion(path);
  await mountVolume(path);
}

/** Makes one with a size a folder. @throws UserError if something uses it */
export async function toFolder(path: string, how: NewVolume): Promise<void> {
  refuse(path, undefined);
  const { remove } = linuxFiles();
  await mountVolume(path);
  await remove(newFolder(path));
  await mkdir(newFolder(path), { mode: 0o700 });
  await copyTree(path, newFolder(path));
  await writeOut(newFolder(path));
  await ensureUnmounted(path);
  await put(volumeFile(path), oldFile(path));
  await finishConversion(path);
  await give(path, how);
}

/**
 * Goes on where an interrupted conversion has stopped, once its new form is complete. The old form goes
 * only if the new one is there; else it is the volume again.
 */
export async function finishConversion(path: string): Promise<void> {
  const { remove } = linuxFiles();
  if (existsSync(oldFolder(path))) {
    if (existsSync(newFile(path))) await put(newFile(path), volumeFile(path));
    if (existsSync(volumeFile(path))) await remove(oldFolder(path));
    else await put(oldFolder(path), path);
  }
  if (existsSync(oldFile(path))) {
    if (existsSync(newFolder(path))) {
      if (existsSync(path)) await rmdir(path);
      await put(newFolder(path), path);
    }
    if (existsSync(path)) await remove(oldFile(path));
    else await put(oldFile(path), volumeFile(path));
  }
}

/** Removes both forms that are under no name of the volume. */
export async function removeConversion(path: string): Promise<void> {
  const { remove } = linuxFiles();
  await removePartial(newFile(path));
  for (const place of [newFile, newFolder, oldFile, oldFolder]) await remove(place(path));
}

function refuse(path: string, size: number | undefined): void {
  const cause = sizeProblem(path, size);
  if (cause !== undefined) throw new UserError(`cannot change volume ${path}: ${cause}`);
}
