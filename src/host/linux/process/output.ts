import type { Readable } from 'node:stream';

/** Bytes kept of what a program says of itself, and of whatever a stranger's program prints. */
export const TAIL = 64 * 1024;

/**
 * The last bytes of a stream, as bytes: no character is split in two on the way, and what is cut off
 * costs nothing. What fits is kept as it came; more goes round in one buffer.
 */
export class Tail {
  #parts: Buffer[] = [];
  #size = 0;
  #ring: Buffer | undefined;
  /** Where the next byte goes, and the oldest is. */
  #at = 0;

  constructor(readonly most = TAIL) {}

  add(part: Buffer): void {
    if (!this.#ring && this.#size + part.length <= this.most) {
      this.#parts.push(part);
      this.#size += part.length;
      return;
    }
    const before = this.#ring ? [] : this.#parts;
    this.#ring ??= Buffer.alloc(this.most);
    this.#parts = [];
    for (const each of [...before, part]) this.#put(this.#ring, each);
  }

  #put(ring: Buffer, part: Buffer): void {
    const last = part.subarray(-this.most);
    const first = last.subarray(0, this.most - this.#at);
    first.copy(ring, this.#at);
    last.copy(ring, 0, first.length);
    this.#at = (this.#at + last.length) % this.most;
  }

  /** What is no UTF-8 is U+FFFD, also the half of a character at the beginning. */
  text(): string {
    const ring = this.#ring;
    const parts = ring ? [ring.subarray(this.#at), ring.subarray(0, this.#at)] : this.#parts;
    return Buffer.concat(parts).toString('utf8');
  }
}

/** Characters that an error quotes of what a program has printed: also a line without end ends up in mail and events. */
const QUOTED = 1000;

/** What an error quotes of a program's output, in one line: programs say what went wrong at the end. */
export function lastLines(text: string, count = 4): string {
  const lines = text.split('\n').map((line) => line.trim());
  return shortened(lines.filter(Boolean).slice(-count).join('; '));
}

/** The beginning and the end of what is too long to be quoted. */
export function shortened(text: string, most = QUOTED): string {
  if (text.length <= most) return text;
  const half = Math.floor(most / 2);
  return `${text.slice(0, half)} … ${text.slice(-half)}`;
}

/** Bytes after which whoever is read pauses, and for how many milliseconds: about 100 MB a second of all together. */
const PACE = { bytes: 1024 * 1024, pause: 10 };

let since = 0;
let paused = 0;

/**
 * Reads a stream part by part to its end, slower than a flood comes: memory and CPU time stay free
 * for whatever else we do, and who floods waits, the longer the more of them there are.
 */
export function readPaced(stream: Readable, take: (part: Buffer) => void): void {
  stream.on('data', (part: Buffer) => {
    take(part);
    since += part.length;
    if (since < PACE.bytes) return;
    since = 0;
    paused += 1;
    stream.pause();
    setTimeout(() => {
      paused -= 1;
      stream.resume();
    }, PACE.pause * paused);
  });
  // its other end is gone: what has come is what there is
  stream.on('error', () => undefined);
}
