import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { isFrozen } from '../../../src/host/linux/cgroups/freezer.js';
import { readHierarchies } from '../../../src/host/linux/cgroups/hierarchies.js';
import { cgroupPath, siteOf } from '../../../src/model/site.js';
import type { PrivateHost } from '../../support/private-host.js';
import { CutOff, someOf, spread } from './cut-off.js';

/** A command that is cut off, and how to come back to where it began. */
export interface Command {
  args: string[];
  /** What is done before it. */
  before?: string[][];
  /** What takes back what it has done. */
  undo?: string[][];
  /** The same for what is no business of baleine's. */
  clear?: (host: PrivateHost) => Promise<unknown>;
  /** As it refuses to do what it has done already. */
  refusal?: RegExp;
  /** What is to hold whenever all is as the file says. */
  check?: () => Promise<void>;
  /** How many kills in a usual run; default 2. */
  few?: number;
}

const CODES = { SIGINT: [0, 130], SIGTERM: [0, 143, 130], SIGHUP: [0, 129, 130] } as const;
const SIGNALS = Object.keys(CODES) as (keyof typeof CODES)[];

/** Cuts commands off on one host, and looks at what is left of each. */
export class Trials {
  readonly #host: PrivateHost;
  readonly #cutOff: CutOff;
  kills = 0;
  points = 0;

  constructor(host: PrivateHost) {
    this.#host = host;
    this.#cutOff = new CutOff(host);
  }

  /** Runs a command that is to go well. */
  async of(...args: string[]): Promise<string> {
    return (await this.#host.baleine(args, { timeout: 120_000 })).stdout;
  }

  async try(name: string, command: Command, seed: number): Promise<void> {
    await this.#prepare(command);
    const effects = await this.#cutOff.effects(command.args);
    await this.#takeBack(command);
    const shape = await this.#shape();
    const points = someOf(effects, command.few ?? 2, seed);
    for (const [index, point] of points.entries()) {
      await this.#cut(`${name}: SIGKILL at ${point}`, command, point, 'SIGKILL', index % 2 === 0);
      expect([name, point, await this.#shape()]).toEqual([name, point, shape]);
    }
    // a part of the points suffices: what a signal finds is undone by the command itself
    const others = spread(effects, process.env.CRASH_ALL ? 9 : seed % 2, seed + 1);
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
    applied: boolean,
  ): Promise<void> {
    await this.#prepare(command);
    const ran = await this.#cutOff.at(command.args, point, signal);
    if (ran.code !== 0) this.kills += 1;
    if (signal !== 'SIGKILL') {
      expect(CODES[signal as keyof typeof CODES], `${where}: ${ran.stderr}`).toContain(ran.code);
      expect([where, this.#held()]).toEqual([where, []]);
    }
    const plan = await this.#host.baleine(['plan'], { reject: false });
    expect([where, plan.code, plan.stderr]).toEqual([where, 0, '']);
    for (const id of this.#frozen()) {
      expect(plan.stdout, where).toContain(`container.${id.split('.')[1]} is frozen: baleine`);
    }
    if (applied) {
      await this.#apply(where);
      expect([where, this.#held()]).toEqual([where, []]);
      expect(await this.of('plan'), where).toMatch(/^No changes\./);
    }
    await this.#again(where, command);
    await this.#takeBack(command);
  }

  async #prepare({ before = [] }: Command): Promise<void> {
    for (const args of before) await this.of(...args);
  }

  /** The same command once more finishes what was begun, or has nothing more to do. */
  async #again(where: string, { args, refusal }: Command): Promise<void> {
    const again = await this.#host.baleine(args, { reject: false, timeout: 120_000 });
    if (again.code === 0) return;
    expect(refusal ? again.stderr : '', `${where}, again: ${again.stderr}`).toMatch(refusal ?? /./);
  }

  async #takeBack({ undo = [], clear, check }: Command): Promise<void> {
    for (const args of undo) await this.of(...args);
    await clear?.(this.#host);
    await this.#apply('taken back');
    expect(await this.of('plan')).toMatch(/^No changes\./);
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
    const site = siteOf(this.#host.root);
    const ids = namesIn(join(site.run, 'containers'));
    return ids.filter((id) => isFrozen(readHierarchies(), cgroupPath(site, id)));
  }

  /** What no command leaves that has ended, or was followed by another. */
  #held(): string[] {
    const { run } = siteOf(this.#host.root);
    const left = ['holds', 'staging', 'scratch', 'once'].flatMap((name) =>
      namesIn(join(run, name)).map((each) => `${name}/${each}`),
    );
    return [...this.#frozen(), ...left, ...namesIn(join(this.#host.root, 'scratch'))];
  }

  /** All that there is on the host, by names that are the same each time. */
  async #shape(): Promise<string[]> {
    const entries = Object.entries(await this.#host.snapshot());
    const own = namesIn(this.#host.dir).map((name) => `own file ${name}`);
    return [...own, ...steadyNames(entries)].sort();
  }
}

/** What of it is made and dropped as it goes: what was understood of a file, or read of a table. */
const NOTES = /\/(config|records|failing|exits)(\/|$)|\/runtime\.json|\.csv\.bak|events\.log/;

function steadyNames(entries: [string, string][]): string[] {
  return entries.flatMap(([name, detail]) => {
    if (NOTES.test(name)) return [];
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
