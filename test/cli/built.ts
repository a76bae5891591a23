import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { bundle } from '../../build.mjs';

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  input?: string;
  env?: Record<string, string>;
  uid?: number;
}

/** The program as it is shipped, with a scratch folder that is its working directory. */
export class Built {
  readonly #home = realpathSync(mkdtempSync(join(tmpdir(), 'cli-')));
  readonly main = join(this.#home, 'dist', 'main.js');
  readonly root = join(this.#home, 'root');

  async build(): Promise<void> {
    chmodSync(this.#home, 0o755);
    await bundle(join(this.#home, 'dist'));
  }

  remove(): void {
    rmSync(this.#home, { recursive: true, force: true });
  }

  /** After the last destroy: at most that there was one is remembered, and then no longer. */
  forget(): void {
    const left = existsSync(this.root) ? readdirSync(this.root) : [];
    rmSync(this.root, { recursive: true, force: true });
    expect(['', 'destroyed.csv']).toContain(left.join());
  }

  path(name: string): string {
    return join(this.#home, name);
  }

  write(name: string, text: string): string {
    writeFileSync(this.path(name), text);
    return this.path(name);
  }

  /** On `root`, which is not there at first. */
  baleine(args: string[], options: RunOptions = {}): Promise<Ran> {
    return this.run(process.execPath, [this.main, ...args], options);
  }

  run(
    program: string,
    args: string[],
    { input = '', env = {}, uid }: RunOptions = {},
  ): Promise<Ran> {
    const child = spawn(program, args, {
      cwd: this.#home,
      env: { PATH: process.env.PATH, BALEINE_ROOT: this.root, ...env },
      ...(uid !== undefined && { uid, gid: uid }),
    });
    const ran: Ran = { code: null, stdout: '', stderr: '' };
    child.stdout.on('data', (text) => {
      ran.stdout += text;
    });
    child.stderr.on('data', (text) => {
      ran.stderr += text;
    });
    // it may end without reading
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve({ ...ran, code }));
    });
  }
}
