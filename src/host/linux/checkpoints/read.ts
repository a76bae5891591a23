import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CHECKPOINT, type Checkpoint } from '../../../model/checkpoint.js';
import { messageOf, UserError } from '../../../model/errors.js';
import { checkpointsDir, type InstallPaths } from '../../../model/install-paths.js';
import { ifThere, readInput } from '../files/read.js';

export interface StoredCheckpoint extends Checkpoint {
  dir: string;
}

/** The checkpoint of a container. Usually nobody has any, and this is one failed call. */
export function readCheckpoint(paths: InstallPaths, id: string): StoredCheckpoint | undefined {
  const parent = checkpointsDir(paths, id);
  const names = ifThere(() => readdirSync(parent)) ?? [];
  const newest = names
    .filter((name) => !name.startsWith('.'))
    .sort()
    .at(-1);
  if (newest === undefined) return undefined;
  const dir = join(parent, newest);
  return { ...readRecord(join(dir, CHECKPOINT.record)), dir };
}

/** All of them, by id: also those of containers that are gone. */
export function listCheckpoints(paths: InstallPaths): StoredCheckpoint[] {
  const ids = ifThere(() => readdirSync(dirname(checkpointsDir(paths, 'x')))) ?? [];
  return ids.sort().flatMap((id) => readCheckpoint(paths, id) ?? []);
}

/** Bytes of a record: a spec has at most some hundred kilobytes. */
const RECORD_LIMIT = 4 * 1024 ** 2;

function readRecord(file: string): Checkpoint {
  try {
    const record = JSON.parse(readInput(file, { maxBytes: RECORD_LIMIT })) as Checkpoint;
    if (record.version === 1) return record;
  } catch (error) {
    throw new UserError(`cannot read ${file}: ${messageOf(error)}`);
  }
  throw new UserError(`cannot use ${file}: another release of baleine wrote it`, 'Use that one.');
}
