import type { Readable } from 'node:stream';

/** Bytes that are kept of a program's messages, and of any output of untrusted programs. */
export const TAIL = 64 * 1024;

/**
 * The last bytes of a stream. Kept as bytes: no character is split by a chunk boundary, and dropped
 * output costs nothing. Short output is stored as it arrives, longer output in a ring buffer.
 */
export class Tail {
  #parts: Buffer[] = [];
  #size = 0;
  #ring: Buffer | undefined;
  /** Position of the next byte, which is that of the oldest byte too. */
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

  /** Invalid UTF-8, including a character cut in half at the start, becomes U+FFFD. */
  text(): string {
    const ring = this.#ring;
    const parts = ring ? [ring.subarray(this.#at), ring.subarray(0, this.#at)] : this.#parts;
    return Buffer.concat(parts).toString('utf8');
  }
}

/**
 * Bytes after which a reader pauses, and for how many milliseconds: about 100 MB per second for all
 * streams together.
 */
const QUOTED = 1000;

export function lastLines(text: string, count = 4): string {
  const lines = text.split('\n').map((line) => line.trim());
  return shortened(lines.filter(Boolean).slice(-count).join('; '));
}

export function shortened(text: string, most = QUOTED): string {
  if (text.length <= most) return text;
  const half = Math.floor(most / 2);
  return `${text.slice(0, half)} … ${text.slice(-half)}`;
}

const PACE = { bytes: 1024 * 1024, pause: 10 };

let since = 0;
let paused = 0;

/**
 * Reads a stream chunk by chunk to its end at a limited rate: a flood of output cannot use up
 * memory and CPU time, and its writers wait, longer the more there are.
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
  // the other end is closed, so everything has arrived
  stream.on('error', () => undefined);
}
