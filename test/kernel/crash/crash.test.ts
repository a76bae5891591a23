import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { expect, it } from 'vitest';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { usableRuntimes } from '../../support/runtimes.js';
import type { KilledRun } from './killed-run.js';

/** `npm run crash` kills at every point; the usual run at some of them, always the same ones. */
const EVERY = process.env.CRASH_ALL ? 1 : 19;

const FARM = readFileSync('examples/web-farm/baleine.yaml', 'utf8');
const VARIANTS = {
  farm: FARM,
  updated: FARM.replace('memory: 64M', 'memory: 96M').replace('[back]', '[back, front]'),
  scaled: FARM.replace('replicas: 3', 'replicas: 4'),
  renewed: FARM.replace('size: 128M', 'size: 160M'),
  moved: FARM.replace('size: 128M', 'size: 160M')
    .replace('-f -p 80', '-f -p 81')
    .replace('port: 80\n', 'port: 81\n      healthcheck: { http: { port: 81, path: / } }\n'),
};
const CONTAINERS = ['shop-server-1', 'shop-server-2', 'shop-server-3', 'shop-proxy'];

interface Phase {
  name: string;
  /** The applied file before each kill; undefined: none. */
  from: keyof typeof VARIANTS | undefined;
  /** The file that the killed run applies, and the next apply too. */
  to: keyof typeof VARIANTS;
  more?: Pick<KilledRun, 'destroy' | 'replace' | 'rollback'>;
  /** The file to apply before `from`, where the previous release matters. */
  previous?: keyof typeof VARIANTS;
}

/** Ordered so that most phases start from the result of the phase before. */
const USUAL: Phase[] = [
  { name: 'create', from: undefined, to: 'farm' },
  {
    name: 'replace',
    from: 'farm',
    to: 'farm',
    more: { replace: CONTAINERS.map((name) => `container.${name}` as const) },
  },
  { name: 'update', from: 'farm', to: 'updated' },
  { name: 'update back', from: 'updated', to: 'farm' },
  { name: 'scale up', from: 'farm', to: 'scaled' },
  { name: 'scale down', from: 'scaled', to: 'farm' },
  { name: 'destroy', from: 'farm', to: 'farm', more: { destroy: true } },
];

/** Rolling updates, which are slow. */
const LONG: Phase[] = [
  { name: 'new image', from: 'farm', to: 'renewed' },
  { name: 'new image and port', from: 'farm', to: 'moved' },
  {
    name: 'roll back',
    previous: 'farm',
    from: 'renewed',
    to: 'renewed',
    more: { rollback: 'shop' },
  },
];

const PHASES = process.env.CRASH_ALL ? [...LONG, ...USUAL] : USUAL;

/** The full run tests every installed runtime. */
const RUNTIMES = process.env.CRASH_ALL ? usableRuntimes() : usableRuntimes().slice(0, 1);

it.each(RUNTIMES)(
  'recovers from SIGKILL before and after every step, under %s',
  (runtime) => inPrivateHost((host) => killEverywhere(host, runtime))(),
  process.env.CRASH_ALL ? 3_600_000 : 400_000,
);

async function killEverywhere(host: PrivateHost, runtime: string): Promise<void> {
  const bench = new Bench(host, runtime);
  let kills = 0;
  let points = 0;
  const counts: string[] = [];
  for (const phase of PHASES) {
    const steps = await bench.count(phase);
    counts.push(`${phase.name} ${steps}`);
    points += 2 * steps;
    for (let point = kills % EVERY; point < 2 * steps; point += EVERY) {
      const side = point % 2 === 0 ? 'before' : 'after';
      if (await bench.kill(phase, Math.floor(point / 2), side)) kills += 1;
    }
    process.stdout.write(`${phase.name}: ${steps} steps; ${kills} kills of ${points} so far\n`);
  }
  await bench.reach(undefined);
  process.stdout.write(
    `${runtime}: ${kills} kills of ${points}; K = ${points / 2} steps: ${counts.join(', ')}\n`,
  );
}

class Bench {
  readonly #host: PrivateHost;
  readonly #program: string;
  #applied: keyof typeof VARIANTS | undefined;

  constructor(host: PrivateHost, runtime: string) {
    this.#host = host;
    this.#program = join(host.dir, 'killed-run.mjs');
    buildSync({
      entryPoints: [join(import.meta.dirname, 'killed-run.ts')],
      outfile: this.#program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      banner: { js: 'const require=process.getBuiltinModule;' },
      loader: { '.pl': 'text', '.sh': 'text' },
      // optional native parts of the client of Docker engines, which may be built or not
      external: ['cpu-features', '*.node'],
    });
    for (const [name, text] of Object.entries(VARIANTS)) {
      const named = text.replaceAll(
        '      image: base\n',
        `      image: base\n      runtime: ${runtime}\n`,
      );
      writeFileSync(this.#file(name), named);
    }
  }

  /** Runs a phase once, without a kill, and returns its number of steps. */
  async count({ from, to, more, previous }: Phase): Promise<number> {
    if (previous) await this.reach(previous);
    await this.reach(from);
    const { code, stdout, stderr } = await this.#run({ file: this.#file(to), ...more });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    this.#applied = more?.destroy ? undefined : to;
    return Number(stdout);
  }

  /** False if this run had fewer steps than the counted one: some steps are batched. */
  async kill(
    { name, from, to, more, previous }: Phase,
    at: number,
    side: 'before' | 'after',
  ): Promise<boolean> {
    if (previous) await this.reach(previous);
    await this.reach(from);
    const where = `${name}, ${side} step ${at}`;
    const killed = await this.#run({ file: this.#file(to), ...more, at, side });
    const wasKilled = killed.code !== 0 || Number(killed.stdout) > at;
    if (wasKilled) expect(killed, where).toMatchObject({ code: 137, stdout: '', stderr: '' });
    this.#applied = undefined;
    await this.#apply(to, where);
    return wasKilled;
  }

  /** Applies a variant unless it is applied already; undefined destroys the stack completely. */
  async reach(to: keyof typeof VARIANTS | undefined): Promise<void> {
    if (this.#applied === to) return;
    if (to !== undefined) return this.#apply(to, `on the way to ${to}`);
    await this.#host.baleine(['destroy', '-y', '-f', this.#file('farm')]);
    this.#applied = undefined;
    expect(await this.#host.leaks()).toEqual([]);
  }

  async #apply(to: keyof typeof VARIANTS, where: string): Promise<void> {
    const common = ['-f', this.#file(to)];
    const { code, stderr } = await this.#host.baleine(['apply', '-y', ...common], {
      reject: false,
    });
    expect(code, `${where}: ${stderr}`).toBe(0);
    const plan = await this.#host.baleine(['plan', '--detailed-exitcode', ...common], {
      reject: false,
    });
    expect(plan.code, `${where}: ${plan.stdout}${plan.stderr}`).toBe(0);
    this.#applied = to;
  }

  #run(wanted: Omit<KilledRun, 'root'>) {
    const argument = JSON.stringify({ root: this.#host.root, ...wanted });
    return this.#host.run(process.execPath, [this.#program, argument], { reject: false });
  }

  #file(name: string): string {
    return join(this.#host.dir, `${name}.yaml`);
  }
}
