import { setTimeout as sleep } from 'node:timers/promises';

/** HTML of each section of the page, by name. */
export type Sections = Record<string, string>;

/** Milliseconds between two updates: a change is on the page within 2 s. */
const PAUSE = 1000;

/** Observes the host while somebody watches, once for all viewers. */
export class Watch {
  readonly #watchers = new Set<(sections: Sections) => void>();
  #last: { sections: Sections; at: number } | undefined;
  #isRunning = false;

  constructor(
    readonly load: () => Promise<Sections>,
    readonly pause = PAUSE,
  ) {}

  get size(): number {
    return this.#watchers.size;
  }

  /** The sections now, or as of the last update. */
  async now(): Promise<Sections> {
    const last = this.#last;
    return last && performance.now() - last.at < this.pause ? last.sections : this.#take();
  }

  /** Calls back with every update; returns a function that unsubscribes. */
  add(watcher: (sections: Sections) => void): () => void {
    this.#watchers.add(watcher);
    void this.#run();
    return () => this.#watchers.delete(watcher);
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#watchers.size > 0) {
      const sections = await this.#take();
      for (const watcher of this.#watchers) watcher(sections);
      // the timer alone does not keep the program running
      await sleep(this.pause, undefined, { ref: false });
    }
    this.#isRunning = false;
  }

  async #take(): Promise<Sections> {
    const sections = await this.load();
    this.#last = { sections, at: performance.now() };
    return sections;
  }
}
