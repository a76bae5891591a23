/**
 * npm run bench -- [--containers 50] [--rounds 3] [--growth 500] [--only baleine,podman]
 *   [--runtime crun] [--parts start,hot,health,heal,grace,compare,import,formats]
 *
 * Runs on a private host (test/support/private-host.sh) and leaves nothing there. All files are in
 * memory, because on a disk one program would pay for another's writes. Times are medians in
 * milliseconds. Other installed programs do the same work in the same run, and so does a loop of cp,
 * mount, ip, conmon and the runtime (floor.ts). With --runtime, baleine uses that runtime.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { difference, snapshot } from '../test/support/leaks.js';
import { baleine } from './baleine.js';
import { compose } from './compose.js';
import { floor } from './floor.js';
import { formatTimes } from './formats.js';
import { GRACE, graceTimes } from './grace.js';
import { healTimes, SERVER } from './heal.js';
import { importTimes } from './import.js';
import { measure, type Taken, WORKS, type Work } from './measure.js';
import { podman } from './podman.js';
import { programs } from './programs.js';
import type { Subject } from './subject.js';
import { alternate, type Command, installed, median } from './time.js';

const { values: options } = parseArgs({
  options: {
    containers: { type: 'string', default: '50' },
    rounds: { type: 'string', default: '3' },
    growth: { type: 'string', default: '500' },
    runtime: { type: 'string' },
    only: { type: 'string', default: 'baleine,floor,docker-compose,podman' },
    parts: { type: 'string' },
  },
});
// cron sets none; with it, Node first reads all those certificates, which takes longer than the run
delete process.env.NODE_EXTRA_CA_CERTS;

const containers = Number(options.containers);
const NODE: Command = [process.execPath, '-e', '0'];

/** At most so many times as long as another in the same run. */
const AIMS: { work: Work; beside: string; aim: number }[] = [
  { work: 'up', beside: 'docker-compose', aim: 1 / 7 },
  { work: 'up', beside: 'floor', aim: 1.6 },
  { work: 'heal', beside: 'docker-compose', aim: 1 / 7 },
  { work: 'down', beside: 'docker-compose', aim: 1 / 5 },
];

const dir = mkdtempSync('/run/bench-');
const runtime = options.runtime === undefined ? {} : { runtime: options.runtime };
const ours = baleine(join(dir, 'baleine'), containers, runtime);
const apply = ours.command('apply', '--auto-approve', '--quiet');
const before = await snapshot({ root: ours.root });
try {
  const parts = {
    start: startCost,
    hot: hotPath,
    health: healthChecks,
    heal: healing,
    grace: gracePeriods,
    compare: comparison,
    import: importing,
    formats,
  };
  const wanted = options.parts?.split(',') ?? Object.keys(parts);
  for (const [name, part] of Object.entries(parts)) if (wanted.includes(name)) await part();
} finally {
  rmSync(dir, { recursive: true, force: true });
  const left = difference(before, await snapshot({ root: ours.root }));
  if (left.length > 0) console.log(`\nleft behind:\n  ${left.join('\n  ')}`);
  if (left.length > 0) process.exitCode = 1;
}

function startCost(): void {
  const [bare = 0, version = 0] = alternate(
    [NODE, [process.execPath, 'dist/main.js', '--version']],
    20,
  );
  line('node -e 0', bare);
  line('baleine --version', version, `${ratio(version, bare)} node -e 0, aim 1.5×`);
}

/** The run from cron without changes, and how it and `plan` grow with the number of containers. */
async function hotPath(): Promise<void> {
  const many = Number(options.growth);
  ours.start();
  ours.prepare();
  ours.up();
  try {
    const few = await atRest(containers);
    const started = programs(apply, dir);
    console.log(`  starts ${started.length} programs, aim 3: ${started.join(', ') || 'none'}`);
    if (many <= containers) return;
    ours.resize(many);
    ours.up();
    const all = await atRest(many);
    const growth = (after: number, before: number) => (after - before) / (many - containers);
    each('apply, no-op, each container more', growth(all.noop, few.noop));
    each('plan, each container more', growth(all.plan, few.plan));
  } finally {
    ours.down();
  }
}

/** A stack that has been up and in sync for some seconds, as cron finds it. */
async function atRest(count: number): Promise<{ noop: number; plan: number }> {
  await sleep(3000);
  ours.again();
  ours.again();
  const commands = [NODE, apply, ours.command('plan')];
  const [bare = 0, noop = 0, plan = 0] = alternate(commands, 15);
  line(`apply of ${count}, no-op`, noop, `${ratio(noop, bare)} node -e 0, aim 2.2× for 50`);
  line(`plan of ${count}`, plan, `${ratio(plan, bare)} node -e 0`);
  return { noop, plan };
}

function each(what: string, took: number): void {
  console.log(`${what.padEnd(34)}${took.toFixed(2).padStart(8)} ms   aim 0.25`);
}

/** The cost of health checks in a run from cron. */
function healthChecks(): void {
  const healthcheck = { tcp: 80, interval: '0s', on_failure: 'none' };
  const asked = baleine(join(dir, 'health'), containers, { healthcheck });
  asked.start();
  asked.up();
  try {
    const noop = asked.command('apply', '--auto-approve', '--quiet');
    const [bare = 0, took = 0] = alternate([NODE, noop], 9);
    line(`apply of ${containers}, all asked`, took, `${ratio(took, bare)} node -e 0`);
  } finally {
    asked.down();
  }
}

/** From kill -9 to the next answer, with heal: immediate; each container once, so that none has to wait. */
async function healing(): Promise<void> {
  const healed = baleine(join(dir, 'heal'), 20, { heal: 'immediate', command: SERVER });
  healed.start();
  healed.up();
  try {
    const times = await healTimes(healed);
    const most = Math.max(...times).toFixed(0);
    line(
      'kill -9 to answering, median',
      median(times),
      `of ${times.length}, most ${most} ms, aim 1000`,
    );
  } finally {
    healed.down();
  }
}

/** Containers that ignore SIGTERM are killed after their grace period, which all have together. */
function gracePeriods(): void {
  const rounds = Number(options.rounds);
  const { reacting, ignoring } = graceTimes(join(dir, 'grace'), containers, rounds);
  const aim = GRACE + 1.3 * reacting;
  line(`down of ${containers}, SIGTERM`, reacting);
  line(`down of ${containers}, ignored`, ignoring, `after ${GRACE} ms, aim ${aim.toFixed(0)} ms`);
}

async function comparison(): Promise<void> {
  const wanted = (name: string, ...needs: string[]) =>
    options.only.split(',').includes(name) && needs.every(installed);
  const subjects: Subject[] = [ours];
  if (wanted('floor', 'conmon')) subjects.push(floor(join(dir, 'floor'), containers));
  if (wanted('docker-compose', 'docker-compose', 'dockerd', 'docker')) {
    subjects.push(compose(join(dir, 'compose'), containers));
  }
  if (wanted('podman', 'podman')) subjects.push(podman(join(dir, 'podman'), containers));
  const [first, ...others] = await measure(subjects, containers, Number(options.rounds));
  for (const work of WORKS) {
    for (const taken of [first, ...others]) if (taken) compare(work, taken, first);
  }
  for (const { work, beside, aim } of AIMS) {
    const other = others.find(({ name }) => name === beside);
    if (first && other) aimAt(work, first, other, aim);
  }
}

/** The median of the ratios of each round: a busy moment of the machine affects both. */
function aimAt(work: Work, first: Taken, other: Taken, aim: number): void {
  const ratios = first.times[work].map((took, round) => took / (other.times[work][round] ?? 0));
  const shown = `${work} of ${containers}, beside ${other.name}`;
  console.log(
    `${shown.padEnd(34)}${median(ratios).toFixed(2).padStart(8)}×    aim ${aim.toFixed(2)}`,
  );
}

/** A file of docker save, in the page cache for both or for neither. */
async function importing(): Promise<void> {
  if (!['dockerd', 'docker'].every(installed)) return;
  const { ours: own, docker } = await importTimes(join(dir, 'import'), 5);
  const [took, reference] = [median(own), median(docker)];
  line('docker load of 200 MB', reference, `of ${docker.length}`);
  line('image import of the same file', took, `${ratio(took, reference)} docker load, aim 1.0×`);
}

/** A compose file and the same stack as baleine.yaml. */
function formats(): void {
  const times = formatTimes(join(dir, 'formats'), containers, 15);
  for (const how of ['warm', 'changed'] as const) {
    const [compose = 0, own = 0] = times[how];
    line(
      `plan of a compose file, ${how}`,
      compose,
      `${ratio(compose, own)} baleine.yaml, aim 1.15×`,
    );
  }
}

function compare(work: Work, taken: Taken, first: Taken | undefined): void {
  if (taken.times[work].length === 0) return;
  const [took, reference] = [taken, first ?? taken].map(({ times }) => median(times[work]));
  const note = taken === first ? '' : `${ratio(took ?? 0, reference ?? 0)} baleine`;
  line(`${work} of ${containers}, ${taken.name}`, took ?? 0, note);
}

function line(what: string, took: number, note = ''): void {
  console.log(`${what.padEnd(32)}${took.toFixed(0).padStart(7)} ms   ${note}`.trimEnd());
}

function ratio(took: number, reference: number): string {
  return `${(took / reference).toFixed(2)}×`;
}
