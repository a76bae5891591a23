import { type InstallPaths, stateCacheFile } from '../../model/install-paths.js';
import { readEphemeralJson, writeEphemeralJson } from '../../state/ephemeral-json.js';
import { tablesFingerprint } from '../../state/files-fingerprint.js';
import type { TableFormat } from '../../state/table.js';
import type { Records } from './fast-path.js';

/**
 * The bundle's file names contain a hash of their content, so no build uses the cache of another.
 */
const BUILD = import.meta.url;

interface Kept extends Records {
  build: string;
}

/**
 * Returns what `cacheRecords` wrote if the tables have not changed: then they need not be read,
 * verified and parsed again. Undefined otherwise.
 */
export function loadCachedRecords(
  paths: InstallPaths,
  formats: readonly TableFormat[],
): Records | undefined {
  const fingerprint = tablesFingerprint(paths, formats);
  if (fingerprint === undefined) return undefined;
  const kept = readEphemeralJson<Kept>(stateCacheFile(paths));
  return kept?.build === BUILD && kept.fingerprint === fingerprint ? kept : undefined;
}

/** Caches the records for the next run, unless the tables are too new to be identified reliably. */
export function cacheRecords(paths: InstallPaths, { rows, serial, fingerprint }: Records): void {
  if (fingerprint === undefined) return;
  const kept: Kept = { build: BUILD, fingerprint: fingerprint, serial, rows };
  writeEphemeralJson(stateCacheFile(paths), kept);
}
