import { type InstallPaths, stateCacheFile } from '../model/install-paths.js';
import { readRunFile, writeRunFile } from './ephemeral-json.js';
import { stampOf } from './files-fingerprint.js';
import type { State } from './state.js';
import type { TableFormat } from './table.js';

/** All that is on record, without a way to look something up. */
export type Records = Pick<State, 'rows' | 'serial' | 'stamp'>;

/** The bundle names its files after what is in them, so no build takes for its own what another has read. */
const BUILD = import.meta.url;

interface Kept extends Records {
  build: string;
}

/**
 * What `keepRecords` wrote, if the tables are still those: then they need not be read, checked and
 * taken apart again. Undefined otherwise.
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

/** Keeps them for the next run, unless they are too young to be told from what comes after. */
export function keepRecords(site: InstallPaths, { rows, serial, stamp }: Records): void {
  if (stamp === undefined) return;
  const kept: Kept = { build: BUILD, stamp, serial, rows };
  writeRunFile(stateCacheFile(site), kept);
}
