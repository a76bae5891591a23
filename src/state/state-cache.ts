import { type InstallPaths, stateCacheFile } from '../model/install-paths.js';
import { readRunFile, writeRunFile } from './ephemeral-json.js';
import { stampOf } from './files-fingerprint.js';
import type { State } from './state.js';
import type { TableFormat } from './table.js';

/** The recorded resources without lookup functions. */
export type Records = Pick<State, 'rows' | 'serial' | 'stamp'>;

/**
 * The bundle's file names contain a hash of their content, so no build uses the cache of another.
 */
const BUILD = import.meta.url;

interface Kept extends Records {
  build: string;
}

/**
 * Returns what `keepRecords` wrote if the tables have not changed: then they need not be read,
 * verified and parsed again. Undefined otherwise.
 */
export function recallRecords(
  site: InstallPaths,
  formats: readonly TableFormat[],
): Records | undefined {
  const stamp = stampOf(site, formats);
  if (stamp === undefined) return undefined;
  const kept = readRunFile<Kept>(stateCacheFile(site));
  return kept?.build === BUILD && kept.stamp === stamp ? kept : undefined;
}

/** Caches the records for the next run, unless the tables are too new to be identified reliably. */
export function keepRecords(site: InstallPaths, { rows, serial, stamp }: Records): void {
  if (stamp === undefined) return;
  const kept: Kept = { build: BUILD, stamp, serial, rows };
  writeRunFile(stateCacheFile(site), kept);
}
