import { existsSync } from 'node:fs';
import type { FileOrigin, FileSection } from '../../../model/config.js';
import { messageOf, UserError } from '../../../model/errors.js';
import { keyedDigest } from '../../../model/keyed-digest.js';
import type { MemoryFileSpec } from '../../../model/specs.js';
import { readInputBytes } from '../files/read.js';
import { findProgram } from '../process/programs.js';
import { runFilter } from '../process/run.js';

type Recorded = MemoryFileSpec & { section: FileSection };

/** Bytes of one secret or config; those of Swarm have at most half of it. */
const MAX_BYTES = 1024 ** 2;
/** Milliseconds for age(1): a key derived from a passphrase is made to take some time. */
const DECRYPTION_TIMEOUT = 20_000;

/**
 * The contents of secrets and configs that this run has read, by digest. They are in its memory
 * alone: plans, state and steps have the digest.
 */
export class FileContents {
  readonly #known = new Map<string, Buffer>();

  /**
   * @param key of this installation, hexadecimal; asked each time, as the first run makes it
   * @param variableIn the value of a variable in the text of a file of variables
   */
  constructor(
    readonly key: () => string,
    readonly variableIn: (text: string, file: string, name: string) => string | undefined = () =>
      undefined,
  ) {}

  /**
   * Reads a content, and returns its digest. Of an encrypted one it reads the encrypted form: that
   * changes with the content, and a run from cron starts no program.
   *
   * @throws Error with the cause alone
   */
  read(origin: FileOrigin): { digest: string; content?: Buffer } {
    if ('age' in origin) return { digest: this.#digestOf('age', encrypted(origin)) };
    const content = this.#plain(origin);
    const digest = this.#digestOf('plain', content);
    this.#known.set(digest, content);
    return { digest, content };
  }

  /** Keeps what is about to be removed: a replaced container gets it again. */
  keep(digest: string, content: Buffer): void {
    this.#known.set(digest, content);
  }

  /**
   * The content of a recorded file.
   *
   * @throws UserError if it is not known, and its origin no longer has it
   */
  of({ digest, from, section, source }: Recorded): Buffer {
    const known = this.#known.get(digest);
    if (known) return known;
    const name = `${section.slice(0, -1)} ${source}`;
    if (!from) {
      throw new UserError(`${name} is no longer in memory`, 'Apply its file: baleine apply');
    }
    try {
      const content = 'age' in from ? this.#decrypted(from, digest) : this.#readAgain(from, digest);
      this.#known.set(digest, content);
      return content;
    } catch (error) {
      throw new UserError(`cannot read ${name}: ${messageOf(error)}`);
    }
  }

  #plain(origin: Exclude<FileOrigin, { age: string }>): Buffer {
    if ('content' in origin) return bounded(Buffer.from(origin.content));
    if ('file' in origin) return readFile(origin.file);
    const { environment, env_files: files = [] } = origin;
    const own = Object.hasOwn(process.env, environment) ? process.env[environment] : undefined;
    const value = own ?? this.#fromFiles(environment, files);
    if (value !== undefined) return bounded(Buffer.from(value));
    const others = files.length > 0 ? `, nor in ${files.join(', ')}` : '';
    throw new Error(`variable ${environment} is not set${others}`);
  }

  #fromFiles(name: string, files: readonly string[]): string | undefined {
    const found = files.map((file) => {
      const text = existsSync(file) ? readFile(file).toString() : '';
      return this.variableIn(text, file, name);
    });
    return found.findLast((value) => value !== undefined);
  }

  #readAgain(origin: FileOrigin, digest: string): Buffer {
    const { digest: now, content } = this.read(origin);
    if (now !== digest || !content) throw new Error(CHANGED);
    return content;
  }

  #decrypted(origin: { age: string; identity: string }, digest: string): Buffer {
    const input = encrypted(origin);
    if (this.#digestOf('age', input) !== digest) throw new Error(CHANGED);
    return decrypt(input, origin);
  }

  #digestOf(form: string, content: Buffer): string {
    return keyedDigest(this.key(), form, content);
  }
}

const CHANGED = 'it has changed since it was planned';

function encrypted({ age, identity }: { age: string; identity: string }): Buffer {
  readFile(identity);
  return readFile(age);
}

function bounded(content: Buffer): Buffer {
  if (content.length <= MAX_BYTES) return content;
  throw new Error('it is larger than 1 MiB');
}

function readFile(path: string): Buffer {
  try {
    return readInputBytes(path, { maxBytes: MAX_BYTES });
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new Error(`${path}: ${isMissing ? 'no such file' : messageOf(error)}`);
  }
}

/** age(1) asks nothing: it has no terminal, because it runs in its own session. */
function decrypt(input: Buffer, { age, identity }: { age: string; identity: string }): Buffer {
  if (!findProgram('age')) throw new Error('age is not installed: apt-get install age');
  const args = ['--decrypt', '--identity', identity];
  const how = { timeout: DECRYPTION_TIMEOUT, maxOutput: MAX_BYTES, purpose: `decrypt ${age}` };
  return runFilter('age', args, input, how);
}
