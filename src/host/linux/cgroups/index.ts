import { readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { poll } from '../../../model/poll.js';
import type { Cgroups } from '../../ports.js';
import { type Hierarchies, readHierarchies } from './hierarchies.js';
import { writeLimits } from './write.js';

/** Supports cgroups v1, hybrid and v2. Touches nothing outside `/baleine`. */
export function linuxCgroups(): Cgroups {
  return {
    ensureLimits: async (cgroup, limits, disk) => {
      assertOurs(cgroup);
      writeLimits(readHierarchies(), cgroup, limits, disk);
    },
    remove: async (cgroup) => {
      assertOurs(cgroup);
      for (const root of allRoots(readHierarchies())) await removeIn(root, cgroup);
    },
  };
}

/**
 * Removes the group of an ended container from every hierarchy, and keeps its parents.
 *
 * @returns false if processes are left in it; then it is still complete
 */
export function removeEnded(cgroup: string): boolean {
  assertOurs(cgroup);
  const groups = allRoots(readHierarchies()).map((root) => join(root, cgroup));
  return groups.every(
    (group) => isRemoved(group) || [...childGroups(group).reverse(), group].every(isRemoved),
  );
}

/** `/baleine/<tag>/<id>` as built by model/install-paths.ts; no component can lead elsewhere. */
const OURS = /^\/baleine\/[a-z0-9]+\/[a-z0-9_-][a-z0-9._-]*$/;

function assertOurs(cgroup: string): void {
  if (!OURS.test(cgroup)) throw new Error(`cannot touch cgroup ${cgroup}: it is not ours`);
}

/**
 * The runtimes leave parent groups behind in every hierarchy, including those without controllers.
 */
function allRoots({ named, unified }: Hierarchies): string[] {
  return unified === undefined ? named : [...named, unified];
}

async function removeIn(root: string, cgroup: string): Promise<void> {
  const group = join(root, cgroup);
  // most have no children, and reading a folder takes longer than removing it
  if (!isRemoved(group)) {
    for (const dir of [...childGroups(group).reverse(), group]) await removeGroup(dir);
  }
  const tag = join(group, '..');
  for (const parent of [tag, join(tag, '..')]) removeIfEmpty(parent);
}

/** Groups created inside the container, parents first. */
function childGroups(group: string): string[] {
  let entries: import('node:fs').Dirent[];
  try {
    entries = readdirSync(group, { withFileTypes: true });
  } catch (error) {
    if (errno(error) === 'ENOENT') return [];
    throw error;
  }
  const groups = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(group, name));
  return groups.flatMap((dir) => [dir, ...childGroups(dir)]);
}

/** A group stays busy for a moment after its processes were killed; wait at most one second. */
async function removeGroup(dir: string): Promise<void> {
  const remove = () => {
    try {
      rmdirSync(dir);
    } catch (error) {
      return error;
    }
  };
  const isOver = (error: unknown) => errno(error) !== 'EBUSY';
  const error = await poll(remove, { until: isOver, limit: 1000, pause: 20 });
  if (error === undefined || errno(error) === 'ENOENT') return;
  const cause = isOver(error) ? errno(error) : 'processes are left in it';
  throw new Error(`cannot remove cgroup ${dir}: ${cause}`, { cause: error });
}

/** False if processes or groups are left in it. */
function isRemoved(dir: string): boolean {
  try {
    rmdirSync(dir);
  } catch (error) {
    if (errno(error) === 'EBUSY') return false;
    if (errno(error) !== 'ENOENT') throw error;
  }
  return true;
}

/** Keeps the group if other containers of ours are still in it. */
function removeIfEmpty(dir: string): void {
  try {
    rmdirSync(dir);
  } catch (error) {
    if (!['ENOENT', 'EBUSY', 'ENOTEMPTY'].includes(errno(error) ?? '')) throw error;
  }
}

const errno = (error: unknown) => (error as NodeJS.ErrnoException | undefined)?.code;
