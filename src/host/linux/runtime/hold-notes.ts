import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Site } from '../../../model/site.js';
import type { Hold } from '../../host.js';
import { isOwned } from '../owner.js';
import { ifThere } from '../read.js';

/** Notes of who holds which container; each begins with the mark of its owner, and ends with the id. */
export const holdsDir = (site: Site) => join(site.run, 'holds');

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
export function holdOf(site: Site, id: string): Hold | undefined {
  for (const name of namesIn(site)) {
    if (idIn(name) !== id) continue;
    const { purpose = 'run', freeze = false } = readHold(join(holdsDir(site), name)) ?? {};
    if (freeze) return { purpose, pid: Number.parseInt(name, 10), alive: isOwned(name) };
  }
  return undefined;
}

/** Whether a killed run has left one; as a rule there is no hold, and this is one look. */
export function hasAbandonedHold(site: Site): boolean {
  return namesIn(site).some((name) => !isOwned(name));
}

export const namesIn = (site: Site) => ifThere(() => readdirSync(holdsDir(site))) ?? [];

/** `4121-8813-shop.web` */
export const idIn = (name: string) => name.split('-').slice(2).join('-');
