import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, onTestFailed } from 'vitest';
import { parse } from 'yaml';
import type { PrivateHost, Ran } from '../../support/private-host.js';

/** Debian with the packages of all examples, by `./setup --test`: tests have no network. */
const APPLICATIONS = resolve('node_modules/.cache/applications.tar');
const SHARED = 'applications';

/** Milliseconds; enough for a busy machine. */
const LONG = 300_000;

export const NOTHING = 'No changes. Your infrastructure matches the configuration.\n';

/** For `skipIf`: whether that system is missing. Reports it, so that no test is skipped silently. */
export function lackingApplications(): boolean {
  if (existsSync(APPLICATIONS)) return false;
  process.stderr.write(`skipped: there is no ${APPLICATIONS} (./setup --test)\n`);
  return true;
}

/** Makes the image that those of the examples are built from in tests. */
export async function importApplications(host: PrivateHost): Promise<void> {
  const words = ['image', 'import', APPLICATIONS, SHARED, '--size', '2G'];
  await host.baleine(words, { timeout: LONG });
}

interface Listed {
  name: string;
  status: string;
  pid?: number;
}

interface ComposeFile {
  'x-baleine'?: { images: Record<string, { from: { debian: { packages: string[] } } }> };
}

/**
 * An example as a user has it, in a folder of its own. Its images are built from the system with the
 * packages of all examples, which must have its own; nothing else differs.
 */
export class Example {
  readonly folder: string;
  readonly #files: string[];

  constructor(
    readonly host: PrivateHost,
    readonly name: string,
    private readonly env: Record<string, string> = {},
  ) {
    this.folder = join(host.dir, name);
    cpSync(join('examples', name), this.folder, { recursive: true });
    const own = parse(this.read('compose.yaml')) as ComposeFile;
    const images = Object.entries(own['x-baleine']?.images ?? {});
    for (const [, { from }] of images) {
      const list = readFileSync(APPLICATIONS.replace(/tar$/, 'list'), 'utf8').trim();
      expect(list.split(',')).toEqual(expect.arrayContaining(from.debian.packages));
    }
    const other = join(host.dir, `${name}.yaml`);
    const lines = images.map(
      ([image]) => `    ${image}: { size: 2G, from: !override { image: ${SHARED} } }\n`,
    );
    const shared = `    ${SHARED}: { external: true }\n`;
    writeFileSync(other, `x-baleine:\n  images:\n${shared}${lines.join('')}`);
    const files = images.length > 0 ? ['compose.yaml', other] : ['compose.yaml'];
    this.#files = files.flatMap((file) => ['-f', file]);
    // tests share a host, and may be tried again
    onTestFailed(() => this.attempt(['down', '-v'], false).then(() => undefined));
  }

  async run(...words: string[]): Promise<string> {
    return (await this.attempt(words)).stdout;
  }

  attempt(words: string[], reject = true): Promise<Ran> {
    const { env, folder: cwd } = this;
    return this.host.baleine([...this.#files, ...words], { env, cwd, reject, timeout: LONG });
  }

  /** What a program prints in a container. */
  async exec(service: string, ...words: string[]): Promise<string> {
    return (await this.run('exec', service, ...words)).trim();
  }

  async up(...words: string[]): Promise<void> {
    expect(await this.run(...words, 'up', '-d', '--wait')).toContain('Apply complete!');
    expect(await this.run(...words, 'plan')).toContain(NOTHING);
  }

  /** What a container has written, to its standard error, too. */
  async logs(service: string, ...words: string[]): Promise<string> {
    const { stdout, stderr } = await this.attempt([...words, 'logs', service]);
    return stdout + stderr;
  }

  list = async (): Promise<Listed[]> => JSON.parse(await this.run('ps', '--json'));

  async pid(container: string): Promise<number> {
    const pid = (await this.list()).find(({ name }) => name === container)?.pid;
    expect(pid).toBeGreaterThan(1);
    return pid as number;
  }

  /** Kills a container; the next apply brings it back, and then nothing is left to do. */
  async killed(container: string): Promise<void> {
    process.kill(await this.pid(container), 'SIGKILL');
    const ended = new RegExp(`container\\.${container} will be .*ended with 137`);
    await expect.poll(() => this.run('plan')).toMatch(ended);
    await this.run('apply', '-y', '--wait');
    expect(await this.run('plan')).toContain(NOTHING);
  }

  /** `down` keeps a volume, and `down -v` removes it. */
  async ends(volume: string): Promise<void> {
    const path = join(this.host.root, 'volumes', this.name, volume);
    expect(await this.run('down')).toContain(`volume.${volume} is kept with its data`);
    expect(existsSync(path)).toBe(true);
    await this.run('down', '-v');
    expect(existsSync(path)).toBe(false);
  }

  read = (file: string) => readFileSync(join(this.folder, file), 'utf8');

  /** Replaces a part of a file. */
  edit(file: string, from: string, to: string): void {
    const text = this.read(file);
    expect(text).toContain(from);
    writeFileSync(join(this.folder, file), text.replace(from, to));
  }

  page = async (url: string, ...words: string[]): Promise<string> =>
    (await this.host.run('curl', ['-sS', '-L', '--fail', '-m', '60', ...words, url])).stdout;
}
