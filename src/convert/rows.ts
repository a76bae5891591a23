import { type Entry, entryAt, type Path } from '../config/document.js';
import type { Config, ContainerEntry } from '../model/config.js';

/**
 * What becomes of a key of baleine.yaml in the files of another engine: it is written there, or it is
 * lost, for a reason that the user reads. There is no third way: a table without a row for a key does
 * not compile.
 */
export type Row<Value, Into> =
  | Lost
  | ((value: Value, into: Into, at: Path, losses: Losses) => void);

interface Lost {
  lost: string;
}

/** By key of an entry of the Config. */
export type Rows<Values, Into> = {
  readonly [K in keyof Values]-?: Row<Exclude<Values[K], undefined>, Into>;
};

/** The keys of a container, and what changes the health check of its image. */
export type ContainerRows<Into> = Rows<Omit<ContainerEntry, 'host_network'>, Into>;

export const lost = (why: string): Lost => ({ lost: why });

/** Lost wherever it is there: `false` says something, and there is no value for the default. */
export const lostEvenFalse =
  (why: string) =>
  (_value: unknown, _into: unknown, at: Path, losses: Losses): void =>
    losses.lose(at, why);

/** Lost, unless baleine chooses the value itself. */
export const unlessAuto =
  (why: string) =>
  (value: string, _into: unknown, at: Path, losses: Losses): void => {
    if (value !== 'auto') losses.lose(at, why);
  };

/** Said elsewhere, or needed no more: nothing is lost. */
export const covered = (): void => undefined;

/** Writes an entry key by key. */
export function translate<Values extends object, Into>(
  entry: Values,
  rows: Rows<Values, Into>,
  into: Into,
  path: Path,
  losses: Losses,
): void {
  for (const [key, row] of Object.entries<Row<never, Into>>(rows)) {
    const value = entry[key as keyof Values];
    const at = [...path, key];
    if (typeof row === 'function') {
      if (value !== undefined) row(value as never, into, at, losses);
    } else if (value !== false) losses.ifSaid(at, row.lost);
  }
}

/** What another engine has no words for, each with its place in the file. */
export class Losses {
  readonly #lost = new Set<string>();
  readonly #notes = new Set<string>();

  /** @param root the file, as it was parsed */
  constructor(
    private readonly config: Pick<Config, 'where'>,
    private readonly root: Entry,
  ) {}

  /** Whether the file has the key: what stands there by default is no loss. */
  said(path: Path): boolean {
    return entryAt({ root: this.root }, path).exact;
  }

  ifSaid(path: Path, why: string): void {
    if (this.said(path)) this.lose(path, why);
  }

  lose(path: Path, why: string): void {
    this.#lost.add(`${this.config.where(path)}: ${path.join('.')} is lost: ${why}`);
  }

  /** What the user has to know or to do. */
  note(path: Path, text: string): void {
    this.#notes.add(`${this.config.where(path)}: ${text}`);
  }

  texts(): { lost: string[]; notes: string[] } {
    return { lost: [...this.#lost], notes: [...this.#notes] };
  }
}
