import { readdirSync } from 'node:fs';
import type { InstallPaths } from '../../model/install-paths.js';
import { hasScratch } from './disks/scratch.js';
import { hasAbandonedHold } from './runtime/hold.js';
import { throwAwayDir } from './runtime/layout.js';

/**
 * Whether a killed run may have left scratch files, a one-off container or a frozen one. Usually
 * there are none, and this check is the only cost.
 */
export function mayBeAbandoned(site: InstallPaths): boolean {
  if (hasScratch(site) || hasAbandonedHold(site)) return true;
  try {
    return readdirSync(throwAwayDir(site)).length > 0;
  } catch {
    return false;
  }
}
