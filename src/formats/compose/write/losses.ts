import type { Entry } from '../../../config/document.js';
import type { Warnings } from '../../project/warnings.js';

/** Names what Compose has no words for, each with its place. */
export class Losses {
  constructor(private readonly warnings: Warnings) {}

  /** Something that only baleine reads. */
  keep(entry: Entry, what: string, put: () => void = () => undefined): void {
    this.#add(entry, `${what} has no word in Compose: it is below x-baleine`);
    put();
  }

  lose(entry: Entry, what: string): void {
    this.#add(entry, `${what} is lost`);
  }

  #add({ key, source }: Entry, text: string): void {
    this.warnings.add({ at: key, source }, text);
  }
}
