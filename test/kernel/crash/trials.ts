import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { isFrozen } from '../../../src/host/linux/cgroups/freezer.js';
import { readHierarchies } from '../../../src/host/linux/cgroups/hierarchies.js';
import { cgroupPath, installPaths } from '../../../src/model/install-paths.js';
import type { PrivateHost } from '../../support/private-host.js';
import { CutOff, someOf, spread } from './cut-off.js';

/** A command that is killed in the middle, and how to restore the state it started from. */
export interface Command {
  args: string[];
  /** Commands to run first. */
  before?: string[][];
  /** Commands that undo its effect. */
  undo?: string[][];
  /** Undoes effects outside baleine's root, such as files it wrote. */
  clear?: (host: PrivateHost) => Promise<unknown>;
  /** The accepted error when the command runs again after it completed. */
  refusal?: RegExp;
  /** An additional assertion, made whenever the host matches the file. */
  check?: () => Promise<void>;
  /** Sends only SIGKILL in the sample; the full run tries every signal. */
  killOnly?: boolean;
}

const CODES = { SIGINT: [0, 130], SIGTERM: [0, 143, 130], SIGHUP: [0, 129, 130] } as const;
const SIGNALS = Object.keys(CODES) as (keyof typeof CODES)[];

/** Kills commands at many points on one host and checks what each leaves behind. */
export class Trials {
  readonly #host: PrivateHost;
  readonly #cutOff: CutOff;
  kills = 0;
  points = 0;

  constructor(host: PrivateHost) {
    this.#host = host;
    this.#cutOff = new CutOff(host);
  }

  /** Runs a command that must succeed. */
  async run(...args: string[]): Promise<string> {
    return (await this.#host.baleine(args, { timeout: 120_000 })).stdout;
  }

  async try(name: string, command: Command, seed: number): Promise<void> {
    await this.#prepare(command);
    const effects = await this.#cutOff.effects(command.args);
    await this.#restore(command);
    const shape = await this.#shape();
    const points = someOf(effects, 1, seed);
    for (const [index, point] of points.entries()) {
      const apply = (seed + index) % 2 === 0;
      await this.#cut(`${name}: SIGKILL at ${point}`, command, point, 'SIGKILL', apply);
      expect([name, point, await this.#shape()]).toEqual([name, point, shape]);
    }
    // fewer points than for SIGKILL: the command cleans up after these signals itself
    const sample = command.killOnly ? 0 : seed % 2;
    const others = spread(effects, process.env.CRASH_ALL ? 9 : sample, seed + 1);
    for (const [index, point] of others.entries()) {
      const signal = SIGNALS[(Math.floor(seed / 2) + index) % SIGNALS.length] ?? 'SIGINT';
      await this.#cut(`${name}: ${signal} at ${point}`, command, point, signal, false);
      expect([name, signal, point, await this.#shape()]).toEqual([name, signal, point, shape]);
    }
    this.points += effects.length;
    process.stdout.write(`${name}: ${effects.length} effects; ${this.kills} kills so far\n`);
  }

  async #cut(
    where: string,
    command: Command,
    point: string,
    signal: NodeJS.Signals,
    apply: boolean,
  ): Promise<void> {
    await this.#prepare(command);
    const ran = await this.#cutOff.at(command.args, point, signal);
    if (ran.code !== 0) this.kills += 1;
    if (signal !== 'SIGKILL') {
      expect(CODES[signal as keyof typeof CODES], `${where}: ${ran.stderr}`).toContain(ran.code);
      expect([where, this.#heldOrTemporary()]).toEqual([where, []]);
    }
    const plan = await this.#host.baleine(['plan'], { reject: false });
    expect([where, plan.code, plan.stderr]).toEqual([where, 0, '']);
    for (const id of this.#frozen()) {
      expect(plan.stdout, where).toContain(`container.${id.split('.')[1]} is frozen: baleine`);
    }
    if (apply) {
      await this.#apply(where);
      expect([where, this.#heldOrTemporary()]).toEqual([where, []]);
      expect(await this.run('plan'), where).toMatch(/^No changes\./);
    }
    await this.#again(where, command);
    await this.#restore(command);
  }

  async #prepare({ before = [] }: Command): Promise<void> {
    for (const args of before) await this.run(...args);
  }

  /** Running the same command again completes it, or reports that it has completed already. */
  async #again(where: string, { args, refusal }: Command): Promise<void> {
    const again = await this.#host.baleine(args, { reject: false, timeout: 120_000 });
    if (again.code === 0) return;
    expect(refusal ? again.stderr : '', `${where}, again: ${again.stderr}`).toMatch(refusal ?? /./);
  }

  async #restore({ undo = [], clear, check }: Command): Promise<void> {
    for (const args of undo) await this.run(...args);
    await clear?.(this.#host);
    await this.#apply('restored');
    expect(await this.run('plan')).toMatch(/^No changes\./);
    await check?.();
  }

  async #apply(where: string): Promise<void> {
    for (const more of [[], ['--stack', '-']]) {
      const words = ['apply', '-y', '--quiet', ...more];
      const ran = await this.#host.baleine(words, { reject: false, timeout: 120_000 });
      expect([where, more, ran.code, ran.stderr]).toEqual([where, more, 0, '']);
    }
  }

  #frozen(): string[] {
    const paths = installPaths(this.#host.root);
    const ids = namesIn(join(paths.run, 'containers'));
    return ids.filter((id) => isFrozen(readHierarchies(), cgroupPath(paths, id)));
  }

  /** Frozen containers and temporary files; empty after any command that was not killed. */
  #heldOrTemporary(): string[] {
    const { run } = installPaths(this.#host.root);
    const left = ['holds', 'staging', 'scratch', 'once'].flatMap((name) =>
      namesIn(join(run, name)).map((each) => `${name}/${each}`),
    );
    return [...this.#frozen(), ...left, ...namesIn(join(this.#host.root, 'scratch'))];
  }

  /** The names of everything on the host, without the parts that differ from run to run. */
  async #shape(): Promise<string[]> {
    const entries = Object.entries(await this.#host.snapshot());
    const own = namesIn(this.#host.dir).map((name) => `own file ${name}`);
    return [...own, ...steadyNames(entries)].sort();
  }
}

/** Caches and logs, which may differ between runs. */
const CACHES = /\/(config|records|failing|exits)(\/|$)|\/runtime\.json|\.csv\.bak|events\.log/;

function steadyNames(entries: [string, string][]): string[] {
  return entries.flatMap(([name, detail]) => {
    if (CACHES.test(name)) return [];
    if (name.startsWith('loop ')) return [`loop of ${detail}`];
    if (name.startsWith('mount ')) {
      return [`mount ${name.split(' ')[2]} ${detail.replace(/loop\d+/, 'loop')}`];
    }
    if (name.startsWith('process ')) return [`process ${detail.replace(/, started.*|\d+/g, '')}`];
    return [name];
  });
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}
