/**
 * npm run bench:farm -- [--rounds 20] [--seconds 1] [--no-changes] [--roll-out]
 *
 * A farm of HAProxy servers behind HAProxy on a private host (test/support/private-host.sh), by baleine
 * and by docker-compose: how many requests per second pass, and how many fail during changes. Both
 * alternate in the same run. With `--roll-out` only how long a rolling update of many servers takes.
 */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { difference, snapshot } from '../test/support/leaks.js';
import { type Load, startLoad } from '../test/support/load.js';
import { type FarmSubject, farmOfCompose, farmOfOurs, type Wanted } from './farm-subjects.js';
import { median, output } from './time.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '1' },
    'no-changes': { type: 'boolean', default: false },
    'roll-out': { type: 'boolean', default: false },
  },
});

const START: Wanted = { replicas: 3, version: 'v1' };
const STEPS: [string, Wanted | 'kill'][] = [
  ['scale 3 → 8', { ...START, replicas: 8 }],
  ['scale 8 → 2', { ...START, replicas: 2 }],
  ['new image', { replicas: 2, version: 'v2' }],
  ['limits', { replicas: 2, version: 'v2', memory: '64M' }],
  ['proxy options', { replicas: 2, version: 'v2', memory: '64M', balance: 'leastconn' }],
  ['kill -9 of a server', 'kill'],
];

const dir = realpathSync(mkdtempSync(join(tmpdir(), 'bench-')));
const first = farmOfOurs(join(dir, 'baleine'));
const subjects = options['roll-out']
  ? [first]
  : [first, farmOfCompose(join(dir, 'compose'), first.configuration)];
const before = await snapshot({ root: join(dir, 'baleine/root') });
try {
  for (const each of subjects) {
    await each.start();
    each.change(START);
  }
  await sleep(2000);
  if (options['roll-out']) rollOut();
  else throughput();
  const steps = options['no-changes'] || options['roll-out'] ? [] : STEPS;
  for (const [what, wanted] of steps) for (const each of subjects) await step(what, wanted, each);
} finally {
  for (const each of subjects) await each.end().catch(console.log);
  rmSync(dir, { recursive: true, force: true });
  const left = difference(before, await snapshot({ root: join(dir, 'baleine/root') }));
  if (left.length > 0) console.log(`\nleft behind:\n  ${left.join('\n  ')}`);
  if (left.length > 0) process.exitCode = 1;
}

/** Batches of several servers take little longer than the turn of one. */
function rollOut(): void {
  const wanted: Wanted = { replicas: 20, version: 'v1', parallelism: 5 };
  first.change(wanted);
  const turns = Array.from({ length: 5 }, () => first.turn());
  const rolls = ['v2', 'v3', 'v4'].map((version) => first.roll({ ...wanted, version }));
  const [turn, roll] = [median(turns), median(rolls)];
  const ratio = roll / (4 * turn);
  console.log(
    `20 servers, 5 at a time: ${roll.toFixed(0)} ms, one: ${turn.toFixed(0)} ms; ratio to 4 turns ${ratio.toFixed(2)}, aim 1.30`,
  );
}

/** Requests per second, alternating; ratios are of adjacent rounds, because the machine may be busy. */
function throughput(): void {
  const taken = subjects.map((): number[] => []);
  for (let round = 0; round < Number(options.rounds); round++) {
    const turn = [...subjects.entries()];
    if (round % 2 === 1) turn.reverse();
    for (const [at, each] of turn) taken[at]?.push(requestsPerSecond(each));
  }
  const [ours = [], theirs = []] = taken;
  subjects.forEach(({ name }, at) => {
    const all = taken[at]?.map((each) => each.toFixed(0)).join(', ');
    console.log(`requests/s, ${name.padEnd(16)}${median(taken[at] ?? []).toFixed(0)} (${all})`);
  });
  const pairs = ours.map((each, at) => each / (theirs[at] ?? each));
  console.log(`median ratio ${median(pairs).toFixed(2)}, aim 0.95, n=${pairs.length}`);
}

function requestsPerSecond({ url }: FarmSubject): number {
  const printed = output(['wrk', '-t1', '-c32', `-d${options.seconds}s`, url]);
  if (/Non-2xx|Socket errors/.test(printed)) console.log(printed);
  return Number(/Requests\/sec:\s*([\d.]+)/.exec(printed)?.[1]);
}

async function step(what: string, wanted: Wanted | 'kill', subject: FarmSubject): Promise<void> {
  const load = startLoad(subject.url, undefined, { script: 'test/support/load.mjs' });
  try {
    await sleep(500);
    await load.count();
    if (wanted === 'kill') await kill(subject, load);
    else subject.change(wanted);
    await sleep(500);
    const { requests, failed, cut, ms } = await load.count();
    const lost = sum(failed);
    const apart = wanted === 'kill' ? `, and ${sum(cut)} that were under way` : '';
    const kinds = lost + sum(cut) > 0 ? JSON.stringify({ failed, cut }) : '';
    const figures = `${lost} of ${requests} failed${apart} in ${ms} ms ${kinds}`.trimEnd();
    console.log(`${what.padEnd(20)} ${subject.name.padEnd(15)} ${figures}`);
  } finally {
    await load.stop();
  }
}

/** Requests in flight at the kill count separately: the client does not know their server. */
async function kill(subject: FarmSubject, load: Load): Promise<void> {
  load.kill(subject.victim());
  await sleep(100);
  subject.heal();
}

function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((all, each) => all + each, 0);
}
