import { setTimeout as sleep } from 'node:timers/promises';

/** HTML of each part of the page by its name. */
export type Sections = Record<string, string>;

/** Milliseconds between two looks: a change is on the page within 2 s. */
const PAUSE = 1000;

/** Looks at the host as long as somebody watches, once for all who do. */
export class Watch {
  readonly #watchers = new Set<(sections: Sections) => void>();
  #last: { sections: Sections; at: number } | undefined;
  #looking = false;

  constructor(
    readonly look: () => Promise<Sections>,
    readonly pause = PAUSE,
  ) {}

  get size(): number {
    return this.#watchers.size;
  }

  /** What there is now, or was a moment ago. */
  async now(): Promise<Sections> {
    const last = this.#last;
    return last && performance.now() - last.at < this.pause ? last.sections : this.#take();
  }

  /** Calls back with every look from now on; answers how to end that. */
  add(watcher: (sections: Sections) => void): () => void {
    this.#watchers.add(watcher);
    void this.#run();
    return () => this.#watchers.delete(watcher);
  }

  async #run(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    while (this.#watchers.size > 0) {
      const sections = await this.#take();
      for (const watcher of this.#watchers) watcher(sections);
      // waiting for the next look is no reason for the program to go on
      await sleep(this.pause, undefined, { ref: false });
    }
    this.#looking = false;
  }

  async #take(): Promise<Sections> {
    const sections = await this.look();
    this.#last = { sections, at: performance.now() };
    return sections;
  }
}
