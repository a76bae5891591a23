import type { Readable } from 'node:stream';

/** Bytes kept of what a program says of itself, and of whatever a stranger's program prints. */
export const TAIL = 64 * 1024;

/** The last bytes of a stream, as bytes: what is cut off costs nothing, and no character is split in two. */
export class Tail {
  #parts: Buffer[] = [];
  #size = 0;

  constructor(readonly most = TAIL) {}

  add(part: Buffer): void {
    this.#parts.push(part);
    this.#size += part.length;
    if (this.#size < 2 * this.most || this.#parts.length < 2) return;
    // a copy, for a part of a part keeps all of it in memory
    const last = Buffer.from(this.#bytes());
    this.#parts = [last];
    this.#size = last.length;
  }

  #bytes(): Buffer {
    return Buffer.concat(this.#parts).subarray(-this.most);
  }

  /** What is no UTF-8 is U+FFFD, also the half of a character at the beginning. */
  text(): string {
    return this.#bytes().toString('utf8');
  }
}

/** Bytes after which a reader pauses, and for how many milliseconds: about 100 MB a second. */
const PACE = { bytes: 1024 * 1024, pause: 10 };

/**
 * Reads a stream part by part to its end, slower than a flood comes: memory and CPU time stay free
 * for whatever else we do, and who floods waits.
 */
export function readPaced(stream: Readable, take: (part: Buffer) => void): void {
  let since = 0;
  stream.on('data', (part: Buffer) => {
    take(part);
    since += part.length;
    if (since < PACE.bytes) return;
    since = 0;
    stream.pause();
    setTimeout(() => stream.resume(), PACE.pause);
  });
  // its other end is gone: what has come is what there is
  stream.on('error', () => undefined);
}
