import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { recordsFile, type Site } from '../model/site.js';
import { stampOf } from './stamp.js';
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
export function recallRecords(site: Site, formats: readonly TableFormat[]): Records | undefined {
  const stamp = stampOf(site, formats);
  if (stamp === undefined) return undefined;
  const kept = read(site);
  return kept?.build === BUILD && kept.stamp === stamp ? kept : undefined;
}

/** Keeps them for the next run until the host starts anew. One where that fails goes without. */
export function keepRecords(site: Site, { rows, serial, stamp }: Records): void {
  if (stamp === undefined) return;
  const kept: Kept = { build: BUILD, stamp, serial, rows };
  const path = recordsFile(site);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.new`, JSON.stringify(kept), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch {
    // the next run takes the long way again
  }
}

function read(site: Site): Kept | undefined {
  try {
    return JSON.parse(readFileSync(recordsFile(site), 'utf8'));
  } catch {
    return undefined;
  }
}
