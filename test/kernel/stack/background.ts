import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'vitest';
import { MAIN, type PrivateHost } from '../../support/private-host.js';

/** A command of baleine that runs while the test goes on, with its output. */
export class Background {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown[]>;
  output = '';

  constructor(host: PrivateHost, file: string, ...words: string[]) {
    const into = [`--target=${host.pid}`, '--mount', '--net', '--', process.execPath, MAIN];
    const all = [...into, '--root', host.root, '--file', file, ...words];
    this.child = spawn('nsenter', all, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.ended = once(this.child, 'close');
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (data) => {
        this.output += data;
      });
    }
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.child.pid ?? 0, name);
  }

  /** Waits for this in its output. */
  async says(text: string | RegExp): Promise<void> {
    const found = expect.poll(() => this.output, { timeout: 120_000 });
    await (typeof text === 'string' ? found.toContain(text) : found.toMatch(text));
  }

  /** The exit code. */
  async code(): Promise<unknown> {
    return (await this.ended)[0];
  }
}
