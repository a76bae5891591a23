import { createHash, type Hash } from 'node:crypto';
import {
  type BigIntStats,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { messageOf, UserError } from '../model/errors.js';

/**
 * From this size on, unchanged size, modification time and inode count as unchanged content: this
 * runs every minute, and reading a root file system's archive each time would take too long.
 * Writing to such a file changes at least its time.
 */
const LARGE = 8n * 1024n * 1024n;

/** Those of the paths that do not exist. */
export function missingSources(paths: readonly string[]): string[] {
  return paths.filter((path) => realOf(path) === undefined);
}

/**
 * Detects changes of local files that go into an image: a digest over every path below each of
 * them, with type, mode, owner, link target and content. Equal trees at different places have equal
 * fingerprints; times do not matter (except above LARGE).
 *
 * Not for `host` sources: an upgrade of the host's packages must not replace containers.
 *
 * @throws UserError if a file cannot be read
 */
export function fingerprint(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) {
    const real = realOf(path);
    if (real === undefined) throw new UserError(`cannot read ${path}: no such file or folder`);
    refuseOtherThanFiles(path, statSync(real));
    try {
      addEntry(hash, Buffer.from(real), Buffer.alloc(0));
    } catch (error) {
      throw new UserError(`cannot read ${path}: ${messageOf(error)}`);
    }
  }
  return hash.digest('hex').slice(0, 16);
}

/** @throws UserError if the source of an image's root file system is not a folder */
export function refuseNoFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return;
  throw new UserError(
    `cannot read ${path}: it is a file, not a folder`,
    'An archive is a source `tar`, `docker` or `oci`.',
  );
}

/** A device or a pipe has no content of its own, and reading it may never end. */
function refuseOtherThanFiles(path: string, found: Stats): void {
  if (found.isFile() || found.isDirectory()) return;
  const kind = found.isFIFO() ? 'a named pipe' : found.isSocket() ? 'a socket' : 'a device';
  throw new UserError(
    `cannot read ${path}: it is ${kind}, not a file or folder`,
    'Write what comes from there to a file first.',
  );
}

/** Links are followed: their targets are what gets copied. */
function realOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** Names are bytes: two different invalid UTF-8 names must not become equal. */
function addEntry(hash: Hash, path: Buffer, name: Buffer): void {
  const found = lstatSync(path, { bigint: true });
  const { mode, uid, gid } = found;
  // Names and targets cannot contain a NUL, so different trees cannot give the same text.
  hash.update(name).update(`\0${mode}\0${uid}:${gid}\0`);
  if (found.isDirectory()) addFolder(hash, path, name);
  else if (found.isSymbolicLink()) hash.update(readlinkSync(path, 'buffer')).update('\0');
  else if (found.isFile()) addContent(hash, path, found);
  else hash.update(`${found.rdev}\0`);
}

const SLASH = Buffer.from('/');

function addFolder(hash: Hash, path: Buffer, name: Buffer): void {
  for (const entry of readdirSync(path, 'buffer').sort(Buffer.compare)) {
    addEntry(hash, Buffer.concat([path, SLASH, entry]), Buffer.concat([name, SLASH, entry]));
  }
  hash.update('\0');
}

function addContent(hash: Hash, path: Buffer, { size, mtimeNs, ino }: BigIntStats): void {
  hash.update(`${size}\0`);
  if (size > LARGE) hash.update(`${mtimeNs}:${ino}\0`);
  else hash.update(readFileSync(path));
}
