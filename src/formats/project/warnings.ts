import { type Entry, LineIndex, type SourceText } from '../../config/document.js';
import { printable } from '../../model/printable.js';

type Place = Pick<Entry, 'at' | 'source'>;

/** What a user should know of a file that is not wrong. Each text is said once, at its first place. */
export class Warnings {
  readonly #texts = new Map<string, { place: Place; more: number }>();

  /** An unset variable that is taken as empty. */
  unset(name: string, place: Place): void {
    this.add(place, `variable ${name} is not set; it is taken as empty`);
  }

  add(place: Place, text: string): void {
    const known = this.#texts.get(text);
    if (known) known.more += 1;
    else this.#texts.set(text, { place, more: 0 });
  }

  /** `compose.yaml:4:5: attach has no effect …`, in order. */
  texts(): string[] {
    const lines = new Map<SourceText, LineIndex>();
    return [...this.#texts].map(([text, { place, more }]) => {
      const { source, at } = place;
      const index = lines.get(source) ?? new LineIndex(source.text);
      lines.set(source, index);
      const { line, column } = index.position(at);
      const others = more > 0 ? ` (and ${more} more)` : '';
      return printable(`${source.file}:${line}:${column}: ${text}${others}`);
    });
  }
}
