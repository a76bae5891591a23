import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../../../model/errors.js';
import {
  cgroupPath,
  diskFile,
  type InstallPaths,
  rootfsDir,
} from '../../../model/install-paths.js';
import type { Hold, HoldOptions } from '../../ports.js';
import { thaw } from '../cgroups/freezer.js';
import { readHierarchies } from '../cgroups/hierarchies.js';
import { ensureMounted, ensureUnmounted } from '../disks/mount.js';
import { ifThere } from '../files/read.js';
import { isOwned, ownerMark } from '../owner.js';
import { undo } from '../process/launch.js';
import { isPaused, setFrozen } from './freeze.js';
import { runningContainer } from './started.js';

/**
 * Works while a container's processes are frozen, if it runs, and its disk is mounted, if that is
 * asked for. Both are undone afterwards, however the work ends; when we are killed, by the next run
 * that takes the lock, for a note says who holds the container. One that was paused stays paused.
 */
export async function whileHeld<T>(
  site: InstallPaths,
  id: string,
  { purpose, disk = false }: HoldOptions,
  work: () => Promise<T>,
): Promise<T> {
  const freeze = runningContainer(site, id) !== undefined && !isPaused(site, id);
  const tree = rootfsDir(site, id);
  const note = join(holdsDir(site), `${ownerMark()}${id}`);
  mkdirSync(holdsDir(site), { recursive: true, mode: 0o700 });
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
    await undo(() => release(site, id, { freeze, disk }));
    process.off('exit', thawNow);
    dropNote(note);
  }
}

/** Undoes what killed runs have left of holds. */
export async function releaseAbandoned(site: InstallPaths): Promise<void> {
  for (const name of namesIn(site).filter((each) => !isOwned(each))) {
    const note = join(holdsDir(site), name);
    const { freeze = false, disk = false } = readHold(note) ?? {};
    await release(site, idIn(name), { freeze, disk });
    dropNote(note);
  }
}

/**
 * What somebody asks for by `pause` or `unpause` counts from now on, whatever a killed run has left.
 *
 * @throws UserError when a run that is at work holds the container
 */
export function endHold(site: InstallPaths, id: string, verb: string): void {
  for (const name of namesIn(site).filter((each) => idIn(each) === id)) {
    const note = join(holdsDir(site), name);
    const hold = readHold(note);
    if (isOwned(name)) {
      throw new UserError(
        `cannot ${verb} ${id}: baleine ${hold?.purpose} holds it, process ${Number.parseInt(name, 10)}`,
        'Wait until that has ended.',
      );
    }
    if (hold?.disk) writeFileSync(note, JSON.stringify({ ...hold, freeze: false }));
    else dropNote(note);
  }
}

async function release(
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
    // others are held
  }
}

/** Notes of who holds which container; each begins with the mark of its owner, and ends with the id. */
export const holdsDir = (site: InstallPaths) => join(site.run, 'holds');

interface Note {
  /** The command, as `cp`. */
  purpose?: string;
  /** Whether it has frozen the container, and mounted its disk. */
  freeze?: boolean;
  disk?: boolean;
}

/** Undefined for one that was cut off before anything was done. */
export function readHold(note: string): Note | undefined {
  try {
    return JSON.parse(readFileSync(note, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Who has frozen a container, or had when it was killed; undefined when it was no command of ours. */
export function holdOf(site: InstallPaths, id: string): Hold | undefined {
  for (const name of namesIn(site)) {
    if (idIn(name) !== id) continue;
    const { purpose = 'run', freeze = false } = readHold(join(holdsDir(site), name)) ?? {};
    if (freeze) return { purpose, pid: Number.parseInt(name, 10), alive: isOwned(name) };
  }
  return undefined;
}

/** Whether a killed run has left one; as a rule there is no hold, and this is one look. */
export function hasAbandonedHold(site: InstallPaths): boolean {
  return namesIn(site).some((name) => !isOwned(name));
}

export const namesIn = (site: InstallPaths) => ifThere(() => readdirSync(holdsDir(site))) ?? [];

/** `4121-8813-shop.web` */
export const idIn = (name: string) => name.split('-').slice(2).join('-');
