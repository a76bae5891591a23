import type { Work } from '../model/step.js';

/** How many parts of a run may load the host at a time. */
export class Slots {
  #free: number;
  readonly #queue: (() => void)[] = [];
  readonly #onFree: () => void;

  /**
   * @param count 1 and up
   * @param onFree called when a part has ended and nothing in the queue takes its slot
   */
  constructor(count: number, onFree: () => void) {
    this.#free = count;
    this.#onFree = onFree;
  }

  get free(): number {
    return this.#free;
  }

  /** Runs a part now if a slot is free, else after those that have asked before. */
  readonly work: Work = async (part) => {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
    try {
      return await part();
    } finally {
      this.#release();
    }
  };

  #release(): void {
    const next = this.#queue.shift();
    if (next) {
      next();
      return;
    }
    this.#free += 1;
    this.#onFree();
  }
}
