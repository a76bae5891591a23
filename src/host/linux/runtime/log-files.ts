import { closeSync, type FSWatcher, fstatSync, openSync, readSync, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CHUNK } from './log-records.js';

/** Milliseconds between two checks for new output. */
const PAUSE = 100;

/** Maximum number of replaced files that are not read yet; each takes disk space until then. */
const MAX_UNREAD = 16;

interface Opened {
  fd: number;
  inode: number;
  /** Bytes read. */
  at: number;
  /** Bytes to read. */
  end: number;
}

/**
 * The sequence of files of a log. At its size limit conmon replaces the full file with an empty
 * one, and the old one is lost unless somebody has it open: so each file is opened as soon as it
 * exists (inotify(7)) and read later.
 */
export class LogFiles {
  readonly #open: Opened[] = [];
  #watcher: FSWatcher | undefined;
  #replaced = 0;
  #taken = 0;
  /** Number of files that came and went unseen since this was last set to 0. */
  missed = 0;

  /** @param follow whether what is written from now on is read, too: it may be more than anybody reads */
  constructor(
    readonly path: string,
    private readonly follow: boolean,
  ) {
    this.#take();
    this.#taken = 0;
    if (follow) this.#watch();
  }

  /** The file that is being read. */
  get current(): Opened | undefined {
    return this.#open[0];
  }

  #watch(): void {
    const name = basename(this.path);
    try {
      this.#watcher = watch(dirname(this.path), { persistent: false }, (event, changed) => {
        if (event !== 'rename' || changed !== name || !this.#take()) return;
        this.#replaced += 1;
        this.missed += Math.max(0, this.#replaced - this.#taken);
        this.#taken = Math.max(this.#taken, this.#replaced);
      });
      this.#watcher.on('error', () => undefined);
    } catch {
      // the host has no inotify instance left, so fall back to polling
    }
  }

  /** The available data, chunk by chunk. */
  *chunks(): Generator<Buffer> {
    for (;;) {
      if (this.follow) this.#take();
      const isReplaced = this.#open.length > 1;
      const [first] = this.#open;
      if (!first) return;
      yield* this.#rest(first);
      if (!isReplaced) return;
      closeSync(first.fd);
      this.#open.shift();
    }
  }

  async pause(): Promise<void> {
    await sleep(PAUSE);
  }

  close(): void {
    this.#watcher?.close();
    for (const { fd } of this.#open.splice(0)) closeSync(fd);
  }

  *#rest(file: Opened): Generator<Buffer> {
    // somebody truncated the file
    if (fstatSync(file.fd).size < file.at) file.at = 0;
    for (;;) {
      const buffer = Buffer.allocUnsafe(CHUNK);
      const length = readSync(file.fd, buffer, 0, Math.min(CHUNK, file.end - file.at), file.at);
      if (length === 0) return;
      file.at += length;
      yield buffer.subarray(0, length);
    }
  }

  /** Opens the file unless it is already open. False if there is none. */
  #take(): boolean {
    const last = this.#open.at(-1);
    const inode = statSync(this.path, { throwIfNoEntry: false })?.ino;
    if (inode === undefined) return false;
    if (inode === last?.inode) return true;
    let fd: number;
    try {
      fd = openSync(this.path, 'r');
    } catch {
      return false;
    }
    this.#taken += 1;
    const { ino, size } = fstatSync(fd);
    this.#open.push({ fd, inode: ino, at: 0, end: this.follow ? Number.POSITIVE_INFINITY : size });
    if (this.#open.length > MAX_UNREAD) {
      // neither the one being read nor the newest
      for (const { fd: unread } of this.#open.splice(1, 1)) closeSync(unread);
      this.missed += 1;
    }
    return true;
  }
}
