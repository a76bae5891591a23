import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs';
import { posix } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import {
  asBytes,
  type BytePath,
  bytePath,
  type OpenFolder,
  openFolder,
  raw,
  within,
} from '../files/open-folder.js';

/** One difference, as `docker diff` has it: added, changed, deleted. */
export interface TreeChange {
  kind: 'A' | 'C' | 'D';
  /** Absolute, inside. */
  path: BytePath;
}

interface CompareOptions {
  /** Absolute paths that are left out with all below them. */
  ignore: readonly string[];
  /** False where the disk has other owners than the image by design. */
  owners: boolean;
  /** Milliseconds. */
  limit: number;
}

/** Folders in folders; a deeper one is not looked into. */
const DEPTH = 200;

const CHUNK = 1024 * 1024;

/**
 * What differs between two trees: type, mode, owner, size, link target, and the content of files
 * whose times differ. A folder counts as changed if something in it was added or deleted. Follows no
 * link and enters no other file system, even while a container changes the newer tree.
 *
 * @throws Error if it takes longer than the limit
 */
export async function* compareTrees(
  before: string,
  after: string,
  { limit, ...options }: CompareOptions,
): AsyncGenerator<TreeChange> {
  const deadline = performance.now() + limit;
  const work = new Comparison({ ...options, ignore: new Set(options.ignore) }, () => {
    if (performance.now() > deadline) throw new Error(`not finished after ${limit / 1000} s`);
  });
  const [old, now] = [openFolder(bytePath(before)), openFolder(bytePath(after))];
  try {
    yield* work.folders(old, now, asBytes('/'), 0);
  } finally {
    old.close();
    now.close();
  }
}

class Comparison {
  readonly #buffers = [Buffer.allocUnsafe(CHUNK), Buffer.allocUnsafe(CHUNK)] as const;

  constructor(
    readonly options: { ignore: ReadonlySet<string>; owners: boolean },
    readonly checkTime: () => void,
  ) {}

  /** Differences below two folders; whether entries came or went is yielded as a change of `path`. */
  async *folders(
    old: OpenFolder,
    now: OpenFolder,
    path: BytePath,
    depth: number,
  ): AsyncGenerator<TreeChange> {
    await breathe();
    this.checkTime();
    const names = [new Set(namesIn(old)), new Set(namesIn(now))] as const;
    const all = [...new Set([...names[0], ...names[1]])].sort();
    const visible = all
      .map((name) => ({ name, inside: asBytes(posix.join(path, name)) }))
      .filter(({ inside }) => !this.options.ignore.has(inside));
    const hasMoved = visible.some(({ name }) => !names[0].has(name) || !names[1].has(name));
    if (hasMoved && path !== '/') yield { kind: 'C', path };
    for (const { name, inside } of visible) {
      const [first, second] = [statOf(old, name), statOf(now, name)];
      if (!first && second) yield* this.whole('A', now, name, inside, depth);
      else if (first && !second) yield { kind: 'D', path: inside };
      else if (first && second) yield* this.entry([old, first], [now, second], name, inside, depth);
    }
  }

  async *entry(
    [old, first]: [OpenFolder, Stats],
    [now, second]: [OpenFolder, Stats],
    name: BytePath,
    path: BytePath,
    depth: number,
  ): AsyncGenerator<TreeChange> {
    const isFolder = first.isDirectory() && second.isDirectory();
    if (
      this.differ(first, second) ||
      (!isFolder && this.contents([old, first], [now, second], name))
    ) {
      yield { kind: 'C', path };
      if (!isFolder && second.isDirectory()) yield* this.below('A', now, name, path, depth);
      if (!isFolder) return;
    }
    if (!isFolder || depth >= DEPTH || first.dev !== old.stats.dev || second.dev !== now.stats.dev)
      return;
    const [inOld, inNow] = [open(old, name), open(now, name)];
    try {
      if (inOld && inNow) {
        for await (const change of this.folders(inOld, inNow, path, depth + 1)) {
          // its own attributes differ, which was said
          if (change.path !== path || !this.differ(first, second)) yield change;
        }
      }
    } finally {
      inOld?.close();
      inNow?.close();
    }
  }

  /** An entry that only one tree has, with all below it. */
  async *whole(
    kind: 'A' | 'D',
    tree: OpenFolder,
    name: BytePath,
    path: BytePath,
    depth: number,
  ): AsyncGenerator<TreeChange> {
    yield { kind, path };
    if (statOf(tree, name)?.isDirectory()) yield* this.below(kind, tree, name, path, depth);
  }

  async *below(
    kind: 'A' | 'D',
    tree: OpenFolder,
    name: BytePath,
    path: BytePath,
    depth: number,
  ): AsyncGenerator<TreeChange> {
    await breathe();
    this.checkTime();
    const folder = depth < DEPTH ? open(tree, name) : undefined;
    if (!folder) return;
    try {
      for (const each of namesIn(folder).sort()) {
        const inside = asBytes(posix.join(path, each));
        if (!this.options.ignore.has(inside))
          yield* this.whole(kind, folder, each, inside, depth + 1);
      }
    } finally {
      folder.close();
    }
  }

  /** Attributes; those of a folder change with its entries. */
  differ(first: Stats, second: Stats): boolean {
    const { owners } = this.options;
    return (
      first.mode !== second.mode ||
      (owners && (first.uid !== second.uid || first.gid !== second.gid)) ||
      (first.isFile() && first.size !== second.size) ||
      first.rdev !== second.rdev
    );
  }

  /** The disk is a copy, so that a file that nobody has touched has the same times. */
  contents(
    [old, first]: [OpenFolder, Stats],
    [now, second]: [OpenFolder, Stats],
    name: BytePath,
  ): boolean {
    if (first.ctimeMs === second.ctimeMs && first.mtimeMs === second.mtimeMs) return false;
    try {
      if (first.isSymbolicLink()) return targetOf(old, name) !== targetOf(now, name);
      return first.isFile() && !this.#isSameFile(old, now, name);
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  }

  #isSameFile(old: OpenFolder, now: OpenFolder, name: BytePath): boolean {
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOATIME } = constants;
    const flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOATIME;
    const files: number[] = [];
    try {
      for (const tree of [old, now]) files.push(openSync(within(tree, name), flags));
      const [first, second] = files as [number, number];
      for (;;) {
        this.checkTime();
        const [a, b] = this.#buffers;
        const length = readFully(first, a);
        if (readFully(second, b) !== length || !a.subarray(0, length).equals(b.subarray(0, length)))
          return false;
        if (length < CHUNK) return true;
      }
    } finally {
      for (const file of files) closeSync(file);
    }
  }
}

function readFully(file: number, buffer: Buffer): number {
  for (let at = 0; ; ) {
    const length = readSync(file, buffer, at, buffer.length - at, null);
    at += length;
    if (length === 0 || at === buffer.length) return at;
  }
}

const namesIn = (folder: OpenFolder) => readdirSync(raw(folder.path), 'latin1') as BytePath[];
const targetOf = (folder: OpenFolder, name: BytePath) =>
  readlinkSync(within(folder, name), 'latin1');

/** Undefined if it no longer exists. */
const statOf = (folder: OpenFolder, name: BytePath) =>
  attempt(() => lstatSync(within(folder, name)));
const open = (folder: OpenFolder, name: BytePath) =>
  attempt(() => openFolder(asBytes(`${folder.path}/${name}`)));

function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

const isGone = (error: unknown) =>
  ['ENOENT', 'ENOTDIR', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '');
