import { type FSWatcher, lstatSync, readdirSync, type Stats, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../../../model/errors.js';
import { poll } from '../../../model/poll.js';

/** Files that have changed, or are gone, by their paths below the watched one; '' is a file itself. */
export interface TreeChanges {
  changed: string[];
  removed: string[];
}

export interface TreeFilter {
  /** Files that are not looked at. */
  ignores: (path: string) => boolean;
  /** Folders with nothing in them that is looked at. */
  prunes: (path: string) => boolean;
}

/** Files and folders of one tree. */
const MOST = 20_000;

/** Milliseconds: changes come together; a tree that does not become quiet is looked at all the same. */
const QUIET = 100;
const BUSY = 1000;

/** Milliseconds between two looks where the kernel cannot tell of changes. */
const PAUSE = 1000;

/**
 * Watches a file or the files below a folder. Events of the kernel (inotify(7)) only say when to look:
 * what has changed follows from comparing the tree with what it was, so that an event that is missed,
 * merged or too early does no harm. Links are not followed.
 */
export class TreeWatcher {
  #files = new Map<string, string>();
  readonly #watchers = new Map<string, FSWatcher>();
  #dirty = 0;
  #count = 0;
  /** A folder could not be watched: it is polled. */
  #polls = false;

  /** @throws UserError if the path does not exist, or has too much below it */
  constructor(
    readonly path: string,
    private readonly filter: TreeFilter,
  ) {
    if (!statOf(path)) {
      throw new UserError(`cannot watch ${path}: no such file or folder`);
    }
    this.#files = this.#look();
  }

  /** All files that are there now. */
  get files(): string[] {
    return [...this.#files.keys()];
  }

  /** What has changed since the last call, as soon as something has. @throws the signal's reason */
  async next(signal: AbortSignal): Promise<TreeChanges> {
    for (;;) {
      await poll(() => this.#dirty > 0 || this.#polls, { pause: QUIET / 2, signal });
      if (this.#dirty > 0) await this.#quiet(signal);
      else await poll(() => this.#dirty > 0, { pause: QUIET, limit: PAUSE, signal });
      this.#dirty = 0;
      const changes = this.#compare();
      if (changes.changed.length + changes.removed.length > 0) return changes;
    }
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  async #quiet(signal: AbortSignal): Promise<void> {
    let seen = this.#dirty;
    const isQuiet = () => {
      const before = seen;
      seen = this.#dirty;
      return before === seen && before > 0;
    };
    await poll(() => false, { pause: QUIET, limit: QUIET, signal });
    await poll(isQuiet, { pause: QUIET, limit: BUSY, signal });
  }

  #compare(): TreeChanges {
    // between a removal and a new creation, as by a checkout, there is nothing to compare with
    if (!statOf(this.path)) {
      this.#polls = true;
      return { changed: [], removed: [] };
    }
    this.#polls = false;
    const [before, now] = [this.#files, this.#look()];
    this.#files = now;
    return {
      changed: [...now].flatMap(([path, mark]) => (before.get(path) === mark ? [] : [path])),
      removed: [...before.keys()].filter((path) => !now.has(path)),
    };
  }

  #look(): Map<string, string> {
    const found = new Map<string, string>();
    const folders = new Set<string>();
    this.#count = 0;
    const stats = statOf(this.path);
    if (stats?.isDirectory()) this.#walk('', found, folders);
    else if (stats) {
      // editors replace a file: its folder tells of the new one
      folders.add(dirname(this.path));
      found.set('', markOf(stats));
    }
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of folders) this.#watch(folder);
    return found;
  }

  #walk(folder: string, found: Map<string, string>, folders: Set<string>): void {
    const path = join(this.path, folder);
    folders.add(path);
    for (const entry of entriesIn(path)) {
      const below = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        this.#countOne();
        if (!this.filter.prunes(below)) this.#walk(below, found, folders);
        continue;
      }
      const stats = this.filter.ignores(below) ? undefined : statOf(join(this.path, below));
      if (!stats || !(stats.isFile() || stats.isSymbolicLink())) continue;
      this.#countOne();
      found.set(below, markOf(stats));
    }
  }

  #countOne(): void {
    this.#count += 1;
    if (this.#count <= MOST) return;
    throw new UserError(
      `cannot watch ${this.path}: it has more than ${MOST} files and folders`,
      'Leave out what need not be watched with ignore:.',
    );
  }

  #watch(folder: string): void {
    if (this.#watchers.has(folder)) return;
    const isFile = folder === dirname(this.path) && folder !== this.path;
    try {
      const watcher = watch(folder, (_event, name) => {
        if (isFile && name !== null && name !== basename(this.path)) return;
        this.#dirty += 1;
      });
      watcher.on('error', () => {
        this.#dirty += 1;
        watcher.close();
        this.#watchers.delete(folder);
      });
      this.#watchers.set(folder, watcher);
    } catch {
      this.#polls = true;
    }
  }
}

const entriesIn = (path: string) => {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
};

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}

const markOf = ({ mtimeMs, ctimeMs, size, ino, mode }: Stats) =>
  [mtimeMs, ctimeMs, size, ino, mode].join(' ');
