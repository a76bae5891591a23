import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { release } from 'node:os';
import { basename, join } from 'node:path';
import type { IdRange } from '../../../model/config.js';
import { messageOf, UserError } from '../../../model/errors.js';
import {
  type InstallPaths,
  memoryFile,
  memoryFilesDir,
  memoryFolder,
} from '../../../model/install-paths.js';
import { digestOfBytes } from '../../../model/json.js';
import type { MemoryFiles, PlacedFiles, Runtime } from '../../ports.js';
import { ensureUnmounted } from '../disks/mount.js';
import { readMounts } from '../disks/mount-table.js';
import { replaceFileSync } from '../files/atomic-write.js';
import { run } from '../process/run.js';
import { checkMapped, resolveUser } from '../runtime/users.js';
import type { FileContents } from './contents.js';
import {
  contentAt,
  idsWithFiles,
  type ManifestEntry,
  manifestFile,
  readManifest,
} from './folder.js';

type File = PlacedFiles['files'][number];

/**
 * Secrets and configs in one tmpfs for all containers, in a folder for each. It outlives the
 * processes of a container, which can so be restarted without its file; nothing of it is on a disk.
 */
export function linuxMemoryFiles(
  paths: InstallPaths,
  contents: FileContents,
  runtime: Pick<Runtime, 'signal'>,
): MemoryFiles {
  // mounting and unmounting: one at a time
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const mine = turn.then(act, act);
    turn = mine.catch(() => undefined);
    return mine;
  };
  return {
    place: async (wanted) => {
      if (wanted.files.length === 0) return inTurn(() => remove(paths, wanted.id));
      await inTurn(async () => {
        await ensureMounted(memoryFilesDir(paths));
        mkdirSync(memoryFolder(paths, wanted.id), { recursive: true, mode: 0o700 });
      });
      const entries = writeAll(paths, contents, wanted);
      if (wanted.signal !== undefined) await runtime.signal(wanted.id, wanted.signal);
      // last: a run that is killed before does all of it again
      replaceFileSync(manifestFile(paths, wanted.id), JSON.stringify({ files: entries }));
      prune(paths, wanted);
    },
    remove: async (folder) => {
      const id = basename(folder);
      if (!existsSync(folder)) return inTurn(() => unmountIfEmpty(paths));
      keepContents(paths, contents, id);
      await inTurn(() => remove(paths, id));
    },
  };
}

/** Bytes of all files together. */
const SIZE = '256m';
/** tmpfs(5): `noswap` since Linux 6.4, so that no secret gets to a disk. */
const NOSWAP_SINCE = [6, 4] as const;

async function ensureMounted(dir: string): Promise<void> {
  if (readMounts().some(({ path, type }) => path === dir && type === 'tmpfs')) return;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const [major = 0, minor = 0] = release().split(/[.-]/).map(Number);
  const [since, from] = NOSWAP_SINCE;
  const noswap = major > since || (major === since && minor >= from);
  const options = `noexec,nosuid,nodev,mode=0700,size=${SIZE}${noswap ? ',noswap' : ''}`;
  const purpose = 'keep secrets in memory';
  await run('mount', ['-t', 'tmpfs', '-o', options, '--', 'baleine', dir], { purpose });
}

function writeAll(
  paths: InstallPaths,
  contents: FileContents,
  { id, files, owner }: PlacedFiles,
): ManifestEntry[] {
  const before = new Map(readManifest(paths, id)?.files.map((each) => [each.target, each]));
  const ids = owner && ownersOf(owner);
  return files.map((file) => {
    const path = memoryFile(paths, id, file.target);
    const kept = keptContent(path, before.get(file.target), file);
    const content = kept ?? contentOf(paths, contents, file);
    try {
      write(path, kept ? undefined : content, { mode: file.mode, owner: ids?.(file) });
    } catch (error) {
      throw new Error(`cannot write ${file.target} of ${id}: ${messageOf(error)}`);
    }
    const { source: _, section: __, from: ___, ...placed } = file;
    return { ...placed, content: digestOfBytes(content) };
  });
}

/** What is there already, if it is right. */
function keptContent(
  path: string,
  known: ManifestEntry | undefined,
  { digest }: File,
): Buffer | undefined {
  if (known?.digest !== digest) return undefined;
  const found = contentAt(path);
  return found && digestOfBytes(found) === known.content ? found : undefined;
}

/** As this run has read it, else as another container has it, else from its origin. */
function contentOf(paths: InstallPaths, contents: FileContents, file: File): Buffer {
  try {
    return contents.of(file);
  } catch (error) {
    for (const id of idsWithFiles(paths)) {
      const other = readManifest(paths, id)?.files.find(({ digest }) => digest === file.digest);
      const found = other && keptContent(memoryFile(paths, id, other.target), other, file);
      if (found) return found;
    }
    throw error;
  }
}

/** Owner and group on the host: a container with its own user namespace sees them shifted. */
function ownersOf({ user, tree, userns }: NonNullable<PlacedFiles['owner']>) {
  const account = resolveUser(tree, user);
  if (userns) checkMapped(account, user, userns);
  const onHost = (id: number, range: IdRange | undefined) => id + (range?.first ?? 0);
  return ({ uid = account.uid, gid = account.gid }: File) => ({
    uid: onHost(uid, userns),
    gid: onHost(gid, userns),
  });
}

/**
 * Writes into the same inode, which a running container has mounted. Truncates after writing, so
 * that a reader never finds the file empty.
 */
function write(
  path: string,
  content: Buffer | undefined,
  { mode, owner }: { mode: number; owner: { uid: number; gid: number } | undefined },
): void {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  const descriptor = openSync(path, flags, 0o600);
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile()) throw new UserError(`${path} is not a regular file`);
    for (let at = 0; content && at < content.length; ) {
      at += writeSync(descriptor, content, at, content.length - at, at);
    }
    if (content) ftruncateSync(descriptor, content.length);
    if (owner && (found.uid !== owner.uid || found.gid !== owner.gid)) {
      fchownSync(descriptor, owner.uid, owner.gid);
    }
    if ((found.mode & 0o7777) !== mode) fchmodSync(descriptor, mode);
  } finally {
    closeSync(descriptor);
  }
}

/** Removes files that the container no longer has, and what a killed run has left. */
function prune(paths: InstallPaths, { id, files }: PlacedFiles): void {
  const folder = memoryFolder(paths, id);
  const known = new Set(files.map(({ target }) => memoryFile(paths, id, target)));
  known.add(manifestFile(paths, id));
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (!known.has(path)) rmSync(path, { recursive: true, force: true });
  }
}

/** In our memory, for the rest of this run. */
function keepContents(paths: InstallPaths, contents: FileContents, id: string): void {
  for (const entry of readManifest(paths, id)?.files ?? []) {
    const found = contentAt(memoryFile(paths, id, entry.target));
    if (found && digestOfBytes(found) === entry.content) contents.keep(entry.digest, found);
  }
}

async function remove(paths: InstallPaths, id: string): Promise<void> {
  rmSync(memoryFolder(paths, id), { recursive: true, force: true });
  await unmountIfEmpty(paths);
}

async function unmountIfEmpty(paths: InstallPaths): Promise<void> {
  const dir = memoryFilesDir(paths);
  if (!existsSync(dir) || readdirSync(dir).length > 0) return;
  await ensureUnmounted(dir);
}
