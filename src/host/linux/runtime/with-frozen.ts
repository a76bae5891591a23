import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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
import { ifThere } from '../files/read.js';
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
  site: InstallPaths,
  id: string,
  { purpose, disk = false }: FreezeOptions,
  work: () => Promise<T>,
): Promise<T> {
  const freeze = runningContainer(site, id) !== undefined && !isPaused(site, id);
  const tree = rootfsDir(site, id);
  const note = join(freezeNotesDir(site), `${ownerMark()}${id}`);
  mkdirSync(freezeNotesDir(site), { recursive: true, mode: 0o700 });
  writeFileSync(note, JSON.stringify({ purpose, freeze, disk }), { mode: 0o600 });
  const thawNow = () => {
    if (freeze) thaw(readHierarchies(), cgroupPath(site, id));
  };
  // a second signal ends us without another turn of the event loop
  process.on('exit', thawNow);
  try {
    if (freeze) await setFrozen(site, id, true);
    if (disk) await ensureMounted(diskFile(site, id), tree);
    return await work();
  } finally {
    await runCleanup(() => thawAndUnmount(site, id, { freeze, disk }));
    process.off('exit', thawNow);
    dropNote(note);
  }
}

/** Undoes the freezes of killed runs. */
export async function thawAbandoned(site: InstallPaths): Promise<void> {
  for (const name of namesIn(site).filter((each) => !isOwned(each))) {
    const note = join(freezeNotesDir(site), name);
    const { freeze = false, disk = false } = readFreezeNote(note) ?? {};
    await thawAndUnmount(site, idIn(name), { freeze, disk });
    dropNote(note);
  }
}

/**
 * Makes `pause` or `unpause` override whatever a killed run left behind.
 *
 * @throws UserError if a live run has frozen the container
 */
export function overrideFreeze(site: InstallPaths, id: string, verb: string): void {
  for (const name of namesIn(site).filter((each) => idIn(each) === id)) {
    const note = join(freezeNotesDir(site), name);
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
  site: InstallPaths,
  id: string,
  { freeze, disk }: { freeze: boolean; disk: boolean },
) {
  if (freeze) await setFrozen(site, id, false);
  if (disk && !runningContainer(site, id)) await ensureUnmounted(rootfsDir(site, id));
}

function dropNote(note: string): void {
  rmSync(note, { force: true });
  try {
    rmdirSync(dirname(note));
  } catch {
    // other containers are frozen
  }
}

/** Notes of frozen containers; each name starts with the mark of its owner and ends with the id. */
export const freezeNotesDir = (site: InstallPaths) => join(site.run, 'holds');

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
export function freezeHolderOf(site: InstallPaths, id: string): FreezeHolder | undefined {
  for (const name of namesIn(site)) {
    if (idIn(name) !== id) continue;
    const { purpose = 'run', freeze = false } =
      readFreezeNote(join(freezeNotesDir(site), name)) ?? {};
    if (freeze) return { purpose, pid: Number.parseInt(name, 10), alive: isOwned(name) };
  }
  return undefined;
}

/** Whether a killed run has left one; usually there is no note, and this is one check. */
export function hasAbandonedFreeze(site: InstallPaths): boolean {
  return namesIn(site).some((name) => !isOwned(name));
}

export const namesIn = (site: InstallPaths) =>
  ifThere(() => readdirSync(freezeNotesDir(site))) ?? [];

/** `4121-8813-shop.web` */
export const idIn = (name: string) => name.split('-').slice(2).join('-');
