import { readdirSync } from 'node:fs';
import { checkpointNotesDir, type InstallPaths } from '../../model/install-paths.js';
import { hasScratch } from './disks/scratch.js';
import { hasAbandonedNotes } from './files/notes.js';
import { oneOffDir } from './runtime/layout.js';
import { hasAbandonedFreeze } from './runtime/with-frozen.js';
import { hasAbandonedFreezes } from './snapshots/freeze.js';

/**
 * Whether a killed run may have left scratch files, half a checkpoint, a one-off container or a frozen
 * one. Usually there are none, and this check is the only cost.
 */
export function hasStale(paths: InstallPaths): boolean {
  if (hasScratch(paths) || hasAbandonedFreeze(paths)) return true;
  if (hasAbandonedNotes(checkpointNotesDir(paths)) || hasAbandonedFreezes(paths)) return true;
  try {
    return readdirSync(oneOffDir(paths)).length > 0;
  } catch {
    return false;
  }
}
