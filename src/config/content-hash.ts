import { createHash, type Hash } from 'node:crypto';
import {
  type BigIntStats,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
} from 'node:fs';
import { messageOf, UserError } from '../model/errors.js';

/**
 * From here on a file's content is taken on trust of its size, modification time and inode: this
 * runs every minute, and reading a root file system's archive each time would not do. Whoever
 * writes such a file changes at least its time.
 */
const LARGE = 8n * 1024n * 1024n;

/** Those of the paths that lead nowhere. */
export function missingSources(paths: readonly string[]): string[] {
  return paths.filter((path) => realOf(path) === undefined);
}

/**
 * Tells whether local files that go into an image have changed: a digest over every path below
 * each of them, with type, mode, owner, link target and content. Equal trees at other places have
 * equal fingerprints; times do not matter (but see LARGE).
 *
 * `host` sources are not for this: an upgrade of the host's packages must not replace containers.
 *
 * @throws UserError when one cannot be read
 */
export function fingerprint(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) {
    const real = realOf(path);
    if (real === undefined) throw new UserError(`cannot read ${path}: no such file or folder`);
    try {
      addEntry(hash, Buffer.from(real), Buffer.alloc(0));
    } catch (error) {
      throw new UserError(`cannot read ${path}: ${messageOf(error)}`);
    }
  }
  return hash.digest('hex').slice(0, 16);
}

/** What a source leads to is what gets copied. */
function realOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** Names are bytes: two that are not UTF-8 must not look alike. */
function addEntry(hash: Hash, path: Buffer, name: Buffer): void {
  const found = lstatSync(path, { bigint: true });
  const { mode, uid, gid } = found;
  // Names and targets cannot hold a NUL, so no two trees run together into the same text.
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
