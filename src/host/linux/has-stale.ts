import { readdirSync } from 'node:fs';
import type { InstallPaths } from '../../model/install-paths.js';
import { hasScratch } from './disks/scratch.js';
import { hasAbandonedHold } from './runtime/hold.js';
import { throwAwayDir } from './runtime/layout.js';

/**
 * Whether a killed run may have left scratch files, a throw-away container or a frozen one: as a
 * rule there is none, and this is all that is looked at.
 */
export function mayBeAbandoned(site: InstallPaths): boolean {
  if (hasScratch(site) || hasAbandonedHold(site)) return true;
  try {
    return readdirSync(throwAwayDir(site)).length > 0;
  } catch {
    return false;
  }
}
