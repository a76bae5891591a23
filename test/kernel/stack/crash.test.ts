import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { inPrivateHost, MAIN } from '../../support/private-host.js';
import { NOTHING, PAIR, SERVER, Stack } from './stack.js';

/** Numbers of the started steps in which to kill. */
const STEPS = [1, 2, 4, 6, 7, 8, 9, 11];
/** Milliseconds from the start of the step to the kill, in turn. */
const DELAYS = [0, 40, 3, 15];

it(
  'one apply finishes what SIGKILL at any moment of an apply or a destroy left',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);
    let kills = 0;
    for (const [index, step] of STEPS.entries()) {
      const delay = DELAYS[index % DELAYS.length] ?? 0;
      kills += await killed(stack, 'apply', step, delay);
      await finish(stack);
      kills += await killed(stack, 'destroy', step, delay);
      await finish(stack);
      await stack.destroy();
      expect(await host.leaks()).toEqual([]);
    }
    expect(kills).toBeGreaterThan(STEPS.length);
  }),
  600_000,
);

it(
  'one destroy removes what SIGKILL of an apply left',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);
    let kills = 0;
    for (const step of [1, 4, 7, 9]) {
      kills += await killed(stack, 'apply', step, 10);
      await stack.destroy();
      expect(await host.leaks()).toEqual([]);
    }
    expect(kills).toBeGreaterThan(1);
  }),
);

/** Long enough that no machine finishes it before the signal. */
const QUEUE = {
  ...PAIR,
  containers: {
    ...PAIR.containers,
    ...Object.fromEntries(
      ['c', 'd', 'e', 'f'].map((name, index) => [
        name,
        { ...SERVER, bridges: { front: { address: `10.77.1.${20 + index}` } } },
      ]),
    ),
  },
};

it(
  'Ctrl-C finishes the running step, saves it, reports, and exits with 130',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, QUEUE);
    // one step at a time, so that every step has steps after it
    const steps = await countSteps(stack);
    for (const [step, delay] of [
      [1, 0],
      [1, 5],
      [2, 20],
      [Math.floor(steps / 3), 0],
      [Math.floor(steps / 2), 3],
    ] as const) {
      const command = new Started(stack, 'apply', '--parallelism', '1');
      await command.inStep(step);
      await sleep(delay);
      process.kill(-(command.child.pid ?? 0), 'SIGINT');

      expect(await command.ended).toEqual([130, null]);
      expect(command.events.at(-1)).toMatchObject({ status: 'interrupted', failed: [] });
      expect(command.of('step-done').length).toBe(command.of('step-started').length);
      expect(command.of('step-done').length).toBeLessThan(steps);
      expect(stack.pids('pair.f')).toEqual([]);
      await stack.destroy();
    }
  }),
);

async function countSteps(stack: Stack): Promise<number> {
  const command = new Started(stack, 'apply', '--parallelism', '1');
  expect(await command.ended).toEqual([0, null]);
  await stack.destroy();
  return command.of('step-done').length;
}

/** Applies once, and checks that the stack matches the file. */
async function finish(stack: Stack): Promise<void> {
  await stack.apply();
  expect(await stack.plan()).toBe(NOTHING);
  await stack.answers('10.77.1.11', ['a']);
  await stack.answers('10.77.1.12', ['b']);
}

/** Starts a command, and kills it in one of its steps. @returns 1, or 0 if it had finished before */
async function killed(stack: Stack, word: string, step: number, delay: number): Promise<number> {
  const command = new Started(stack, word);
  await command.inStep(step);
  await sleep(delay);
  command.child.kill('SIGKILL');
  const [code, signal] = await command.ended;
  expect([code, signal]).toEqual(code === 0 ? [0, null] : [null, 'SIGKILL']);
  return code === 0 ? 0 : 1;
}

/** A command that reports its steps as JSON, in its own process group, as under a shell. */
class Started {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown[]>;
  readonly events: { type: string }[] = [];

  constructor({ host, file }: Stack, word: string, ...more: string[]) {
    // nsenter(1) executes baleine in its own process
    const into = [`--target=${host.pid}`, '--mount', '--net', '--', process.execPath, MAIN];
    const words = ['--root', host.root, '--file', file, word, '-y', '--json', ...more];
    this.child = spawn('nsenter', [...into, ...words], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    this.ended = once(this.child, 'close');
    const lines = createInterface({ input: this.child.stdout as NodeJS.ReadableStream });
    lines.on('line', (line) => this.events.push(JSON.parse(line)));
  }

  async inStep(step: number): Promise<void> {
    const reached = () => this.of('step-started').length >= step;
    while (!reached() && this.child.exitCode === null) await sleep(1);
    if (!reached()) throw new Error(`it ended before step ${step}`);
  }

  of(type: string) {
    return this.events.filter((each) => each.type === type);
  }
}
