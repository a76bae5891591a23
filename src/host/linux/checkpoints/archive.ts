import { createHash, timingSafeEqual } from 'node:crypto';
import { chmodSync, createReadStream, lstatSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  CHECKPOINT,
  type Checkpoint,
  type CheckpointFile,
  type ExportedCheckpoint,
} from '../../../model/checkpoint.js';
import { messageOf, UserError } from '../../../model/errors.js';
import { canonical } from '../../../model/json.js';
import { keyedDigest } from '../../../model/keyed-digest.js';
import { replaceFile } from '../files/atomic-write.js';
import { destinationOf } from '../files/destination.js';
import { bytePath, within } from '../files/open-folder.js';
import { withStaging } from '../files/staging.js';
import { LIST_OPTIONS, membersOf } from '../images/tar-listing.js';
import { LONG, run } from '../process/run.js';
import type { StoredCheckpoint } from './read.js';

/*
 * An exported checkpoint is a tar file, compressed by zstd: export.json, the images of CRIU, the disk
 * with its holes. CRIU believes its images, and restores them as root: a forged one would be a way to
 * the host. So each file carries a mark of the installation that made it, over the digests of all
 * that is in it, and no other file is accepted.
 */

const INDEX = 'export.json';

/** Names that CRIU and runtimes give to their files. */
const NAME = /^(criu\/[A-Za-z0-9][A-Za-z0-9._-]{0,200}|disk\.img)$/;

/** Bytes of the index; of the names in an archive. */
const INDEX_LIMIT = 8 * 1024 ** 2;

/** @throws UserError before anything is done, if the file cannot be written */
export function checkDestination(to: string): void {
  const target = destinationOf(bytePath(to));
  if ('folder' in target) target.folder.close();
  if (target.type !== 'file' || target.existing) throw exists(to);
}

/**
 * Writes a checkpoint to one file, mode 0600; complete or not at all.
 *
 * @param key of this installation
 * @param notes see `withStaging`
 */
export async function exportCheckpoint(
  stored: StoredCheckpoint,
  to: string,
  { key, notes }: { key: string; notes: string },
): Promise<void> {
  const { dir, spec, ...record } = stored;
  const checkpoint: Checkpoint = { ...record, spec: { ...spec, environment: {} } };
  const files = await digests(dir);
  const content = { checkpoint, files };
  const index: ExportedCheckpoint = { ...content, mark: markOf(content, key) };
  const target = destinationOf(bytePath(to));
  try {
    if (target.type !== 'file' || target.existing) throw exists(to);
    const { folder, name } = target;
    await withStaging(folder, notes, async (staging) => {
      await replaceFile(join(staging.path, INDEX), JSON.stringify(index), { mode: 0o600 });
      const options = ['--create', '--zstd', '--sparse', '--format=gnu', '--file=made'];
      const owners = ['--owner=0', '--group=0', '--numeric-owner'];
      const members = [INDEX, `--directory=${dir}`, ...files.map(({ path }) => path)];
      await run('tar', [...options, ...owners, ...members], {
        cwd: staging.path,
        purpose: `write ${to}`,
        timeout: LONG,
      });
      chmodSync(join(staging.path, 'made'), 0o600);
      if (lstatSync(within(folder, name), { throwIfNoEntry: false })) throw exists(to);
      renameSync(join(staging.path, 'made'), within(folder, name));
    });
  } finally {
    if ('folder' in target) target.folder.close();
  }
}

const exists = (path: string) =>
  new UserError(`cannot write ${path}: it exists`, 'Remove it first, or take another name.');

async function digests(dir: string): Promise<CheckpointFile[]> {
  const images = readdirSync(join(dir, CHECKPOINT.images)).sort();
  const paths = [...images.map((name) => `${CHECKPOINT.images}/${name}`), CHECKPOINT.disk];
  const files: CheckpointFile[] = [];
  for (const path of paths) {
    const file = join(dir, path);
    files.push({ path, size: statSync(file).size, sha256: await digestOf(file) });
  }
  return files;
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

const markOf = (content: Omit<ExportedCheckpoint, 'mark'>, key: string): string =>
  keyedDigest(key, 'exported checkpoint', Buffer.from(canonical(content)));

/**
 * Reads what an exported file says of itself.
 *
 * @throws UserError unless this installation has made it
 */
export async function readExported(from: string, key: string): Promise<ExportedCheckpoint> {
  const file = resolve(from);
  const purpose = `read ${from}`;
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found?.isFile()) {
    throw new UserError(`cannot ${purpose}: ${found ? 'it is not a file' : 'there is none'}`);
  }
  const how = { purpose, timeout: LONG, maxOutput: INDEX_LIMIT };
  const words = ['--extract', ...archive(file), '--to-stdout', '--occurrence=1', '--', INDEX];
  const { stdout } = await run('tar', words, how).catch((error: unknown) => {
    throw new UserError(
      `cannot ${purpose}: it is no exported checkpoint: ${messageOf(error).slice(0, 300)}`,
    );
  });
  const index = parse(stdout);
  if (!index || !isOurs(index, key)) {
    throw new UserError(
      `cannot use ${from}: it was not exported by this installation, or was changed since`,
      'CRIU restores what a file says as root, so that only what this installation has exported is restored.',
    );
  }
  return index;
}

function isOurs({ mark, ...content }: ExportedCheckpoint, key: string): boolean {
  const [given, ours] = [String(mark), markOf(content, key)].map((each) => Buffer.from(each));
  return given !== undefined && ours !== undefined && timingSafe(given, ours);
}

const timingSafe = (a: Buffer, b: Buffer) => a.length === b.length && timingSafeEqual(a, b);

function parse(text: string): ExportedCheckpoint | undefined {
  try {
    const index = JSON.parse(text) as ExportedCheckpoint;
    return Array.isArray(index?.files) ? index : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Unpacks an exported file into an empty folder, and compares everything with its digests.
 *
 * @throws UserError for anything that the index does not have, before it is unpacked
 */
export async function unpackExported(
  from: string,
  { files }: ExportedCheckpoint,
  dir: string,
): Promise<void> {
  const file = resolve(from);
  const purpose = `unpack ${from}`;
  if (files.some(({ path }) => !NAME.test(path)))
    throw damaged(from, 'a name in it is not allowed');
  const how = { purpose, timeout: LONG, maxOutput: INDEX_LIMIT };
  const { stdout } = await run('tar', [...LIST_OPTIONS, ...archive(file)], how);
  const left = new Map(files.map(({ path, size }) => [path, size]));
  for await (const { type, name, size } of membersOf(once(stdout))) {
    if (name === INDEX) continue;
    if (type !== '-' || left.get(name) !== size) throw damaged(from, `${name} is unexpected`);
    left.delete(name);
  }
  if (left.size > 0) throw damaged(from, `${[...left.keys()][0]} is missing`);
  const words = ['--extract', ...archive(file), '--no-same-owner', `--directory=${dir}`, '--'];
  await run('tar', [...words, ...files.map(({ path }) => path)], { purpose, timeout: LONG });
  for (const { path, size, sha256 } of files) {
    const found = lstatSync(join(dir, path), { throwIfNoEntry: false });
    const same =
      found?.isFile() && found.size === size && (await digestOf(join(dir, path))) === sha256;
    if (!same) throw damaged(from, `${path} has another content`);
    chmodSync(join(dir, path), 0o600);
  }
  chmodSync(join(dir, CHECKPOINT.images), 0o700);
}

const archive = (file: string) => ['--zstd', '--force-local', `--file=${file}`];

const damaged = (from: string, cause: string) =>
  new UserError(`cannot use ${from}: it is damaged: ${cause}`);

async function* once(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}
