import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../../model/errors.js';
import {
  cgroupPath,
  diskFile,
  type InstallPaths,
  rootfsDir,
} from '../../../model/install-paths.js';
import type { FreezeHolder, FreezeOptions } from '../../ports.js';
import { thaw } from '../cgroups/freezer.js';
import { readHierarchies } from '../cgroups/hierarchies.js';
import { ensureMounted, ensureUnmounted } from '../disks/mount.js';
import { dropNote, hasAbandonedNotes, notesIn, sweepNotes, writeNote } from '../files/notes.js';
import { isOwned, ownerMark } from '../owner.js';
import { runCleanup } from '../process/launch.js';
import { isPaused, setFrozen } from './freeze.js';
import { runningContainer } from './started.js';

/**
 * Runs `work` while a container's processes are frozen, if it is running, and its disk is mounted,
 * if requested. Both are undone afterwards, however the work ends. If we are killed, the next run
 * that takes the lock does so: a note records who has frozen the container. A paused container
 * stays paused.
 */
export async function withFrozen<T>(
  paths: InstallPaths,
  id: string,
  { purpose, disk = false }: FreezeOptions,
  work: () => Promise<T>,
): Promise<T> {
  const freeze = runningContainer(paths, id) !== undefined && !isPaused(paths, id);
  const tree = rootfsDir(paths, id);
  const text = JSON.stringify({ purpose, freeze, disk });
  const note = writeNote(freezeNotesDir(paths), `${ownerMark()}${id}`, text);
  const thawNow = () => {
    if (freeze) thaw(readHierarchies(), cgroupPath(paths, id));
  };
  // a second signal ends us without another turn of the event loop
  process.on('exit', thawNow);
  try {
    if (freeze) await setFrozen(paths, id, true);
    if (disk) await ensureMounted(diskFile(paths, id), tree);
    return await work();
  } finally {
    await runCleanup(() => thawAndUnmount(paths, id, { freeze, disk }));
    process.off('exit', thawNow);
    dropNote(note);
  }
}

/** Undoes the freezes of killed runs. */
export async function thawAbandoned(paths: InstallPaths): Promise<void> {
  await sweepNotes(freezeNotesDir(paths), async (note, name) => {
    const { freeze = false, disk = false } = readFreezeNote(note) ?? {};
    await thawAndUnmount(paths, idIn(name), { freeze, disk });
  });
}

/**
 * Makes `pause` or `unpause` override whatever a killed run left behind.
 *
 * @throws UserError if a live run has frozen the container
 */
export function overrideFreeze(paths: InstallPaths, id: string, verb: string): void {
  for (const name of namesIn(paths).filter((each) => idIn(each) === id)) {
    const note = join(freezeNotesDir(paths), name);
    const hold = readFreezeNote(note);
    if (isOwned(name)) {
      throw new UserError(
        `cannot ${verb} ${id}: baleine ${hold?.purpose} has frozen it, process ${Number.parseInt(name, 10)}`,
        'Wait until that has ended.',
      );
    }
    if (hold?.disk) writeFileSync(note, JSON.stringify({ ...hold, freeze: false }));
    else dropNote(note);
  }
}

async function thawAndUnmount(
  paths: InstallPaths,
  id: string,
  { freeze, disk }: { freeze: boolean; disk: boolean },
) {
  if (freeze) await setFrozen(paths, id, false);
  if (disk && !runningContainer(paths, id)) await ensureUnmounted(rootfsDir(paths, id));
}

/** Notes of frozen containers; each name starts with the mark of its owner and ends with the id. */
export const freezeNotesDir = (paths: InstallPaths) => join(paths.run, 'holds');

interface Note {
  /** The command, for example `cp`. */
  purpose?: string;
  /** Whether it has frozen the container, and mounted its disk. */
  freeze?: boolean;
  disk?: boolean;
}

/** Undefined for a note that was cut off before anything was done. */
export function readFreezeNote(note: string): Note | undefined {
  try {
    return JSON.parse(readFileSync(note, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Who has frozen a container, or had when it was killed; undefined if it was no command of ours.
 */
export function freezeHolderOf(paths: InstallPaths, id: string): FreezeHolder | undefined {
  for (const name of namesIn(paths)) {
    if (idIn(name) !== id) continue;
    const { purpose = 'run', freeze = false } =
      readFreezeNote(join(freezeNotesDir(paths), name)) ?? {};
    if (freeze) return { purpose, pid: Number.parseInt(name, 10), alive: isOwned(name) };
  }
  return undefined;
}

/** Usually there is no note, and this is one check. */
export const hasAbandonedFreeze = (paths: InstallPaths) => hasAbandonedNotes(freezeNotesDir(paths));

const namesIn = (paths: InstallPaths) => notesIn(freezeNotesDir(paths));

/** `4121-8813-shop.web` */
export const idIn = (name: string) => name.split('-').slice(2).join('-');
