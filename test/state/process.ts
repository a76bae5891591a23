import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, onTestFinished } from 'vitest';

/** Bundles a TypeScript file of this folder as a program; call it at the top level of a test file. */
export function program(name: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'baleine-program-'));
  afterAll(() => rmSync(dir, { recursive: true }));
  const outfile = join(dir, `${name}.mjs`);
  const entry = join(import.meta.dirname, `${name}.ts`);
  buildSync({ entryPoints: [entry], bundle: true, platform: 'node', format: 'esm', outfile });
  return outfile;
}

export interface Running {
  child: ChildProcess;
  /** Its output so far, without an incomplete last line. */
  lines: () => string[];
  /** Resolves with the first line that begins with this; rejects if the process ends without one. */
  line: (start: string) => Promise<string>;
  ended: Promise<void>;
}

export function run(file: string, args: string[]): Running {
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  child.stdout.on('data', (data) => {
    text += data;
  });
  const lines = () => text.split('\n').slice(0, -1);
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const line = (start: string) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const found = lines().find((each) => each.startsWith(start));
        if (found !== undefined) resolve(found);
      };
      look();
      child.stdout.on('data', look);
      void ended.then(() => reject(new Error(`no "${start}" in:\n${text}`)));
    });
  return { child, lines, line, ended };
}
