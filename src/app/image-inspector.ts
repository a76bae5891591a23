import type { ForeignFrom } from '../model/config.js';
import { registryOf } from '../model/image-version.js';
import type { ImageOrigin } from '../model/specs.js';

type Inspect = (from: ForeignFrom, size?: number, owner?: string) => Promise<ImageOrigin>;

/** Seconds: a registry that failed after this time is not asked about another image. */
const SILENT = 10;

/** Inspects each image once per run, even if that fails: a second failure would take as long. */
export class ImageInspector {
  readonly #answers = new Map<string, Promise<ImageOrigin>>();
  readonly #silent = new Set<string>();

  constructor(readonly look: Inspect) {}

  inspect(from: ForeignFrom, size?: number, owner?: string): Promise<ImageOrigin> {
    const key = JSON.stringify([from, size]);
    const answer = this.#answers.get(key) ?? this.#inspect(from, size, owner);
    this.#answers.set(key, answer);
    return answer;
  }

  async #inspect(from: ForeignFrom, size?: number, owner?: string): Promise<ImageOrigin> {
    if (!('registry' in from)) return this.look(from, size, owner);
    const registry = registryOf(from.registry);
    if (this.#silent.has(registry)) {
      throw new Error(`cannot read ${from.registry}: ${registry} did not answer in time before`);
    }
    const start = process.uptime();
    try {
      return await this.look(from, size, owner);
    } catch (error) {
      if (process.uptime() - start > SILENT) this.#silent.add(registry);
      throw error;
    }
  }
}
