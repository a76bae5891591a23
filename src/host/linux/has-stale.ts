import { readdirSync } from 'node:fs';
import type { InstallPaths } from '../../model/install-paths.js';
import { hasScratch } from './disks/scratch.js';
import { oneOffDir } from './runtime/layout.js';
import { hasAbandonedFreeze } from './runtime/with-frozen.js';

/**
 * Whether a killed run may have left scratch files, a one-off container or a frozen one. Usually
 * there are none, and this check is the only cost.
 */
export function hasStale(paths: InstallPaths): boolean {
  if (hasScratch(paths) || hasAbandonedFreeze(paths)) return true;
  try {
    return readdirSync(oneOffDir(paths)).length > 0;
  } catch {
    return false;
  }
}
