import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { MAIN, type PrivateHost, type Ran } from '../../support/private-host.js';

/** Runs baleine and sends it a signal at one of its effects on the host: see effects.cjs. */
export class CutOff {
  constructor(readonly host: PrivateHost) {}

  /** Runs a command to its end and returns its effects in order. */
  async effects(args: string[], code = 0): Promise<string[]> {
    const list = join(this.host.dir, 'effects');
    const ran = await this.#run(args, { list });
    expect([args, ran.code], ran.stderr).toEqual([args, code]);
    const lines = readFileSync(list, 'utf8').split('\n').filter(Boolean);
    rmSync(list);
    return lines;
  }

  /** Runs a command and sends it a signal at one of its effects, if this run has it. */
  async at(args: string[], at: string, signal: NodeJS.Signals): Promise<Ran> {
    const ran = await this.#run(args, { at, signal });
    if (signal !== 'SIGKILL' || ran.code === 0) return ran;
    expect({ args, at, ...ran }).toMatchObject({ args, at, code: 137 });
    return ran;
  }

  #run(args: string[], effects: object): Promise<Ran> {
    const words = ['--require', join(import.meta.dirname, 'effects.cjs'), MAIN];
    const env = { EFFECTS: JSON.stringify(effects) };
    const all = [...words, '--root', this.host.root, ...args];
    return this.host.run(process.execPath, all, { env, reject: false, timeout: 120_000 });
  }
}

/** The whole list with `npm run crash`, else `few` of its entries. */
export function someOf<T>(all: readonly T[], few: number, seed: number): T[] {
  return process.env.CRASH_ALL ? [...all] : spread(all, few, seed);
}

/** `few` entries spread evenly over a list; other entries for another seed. */
export function spread<T>(all: readonly T[], few: number, seed: number): T[] {
  if (all.length <= few) return [...all];
  const distance = all.length / few;
  const first = ((seed * 0.37) % 1) * distance;
  return all.slice(0, few).map((_, index) => all[Math.floor(first + index * distance)] as T);
}
