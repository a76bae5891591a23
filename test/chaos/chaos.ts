/**
 * npm run chaos -- [--minutes 10] [--seed N]: breaks random parts of a web farm and of a container with a
 * volume, while applies run, some of which are killed. At the end one apply must repair everything: the
 * plan is empty, a destroy leaves nothing behind, and no data is lost.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { MAIN, type PrivateHost, privateHost } from '../support/private-host.js';
import { IDLE } from '../support/small-image.js';
import { DAMAGE } from './damage.js';
import { Random } from './random.js';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' } },
});
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
const print = (line: string) => process.stdout.write(`${line}\n`);

const FARM = readFileSync('examples/web-farm/baleine.yaml', 'utf8');
const MORE = `
volumes: { data: {} }
containers:
  keeper: ${JSON.stringify({ image: 'base', command: IDLE, stop_signal: 'SIGKILL', bridges: ['back'], volumes: ['data:/data'] })}
`;

async function main(): Promise<string[]> {
  print(`seed ${seed}, ${values.minutes} minutes`);
  const host = await privateHost();
  const problems: string[] = [];
  try {
    const file = join(host.dir, 'baleine.yaml');
    writeFileSync(file, FARM + MORE);
    await host.baleine(['apply', '-y', '--quiet', '-f', file]);
    const written = await runChaos(host, file, new Random(seed));
    problems.push(...(await findProblems(host, file, written)));
    await host.baleine(['destroy', '-y', '--volumes', '-f', file]);
  } finally {
    problems.push(...(await host.close()));
  }
  return problems;
}

/** Expected files of the volume: text by path. */
type Written = Map<string, string>;

/** Breaks parts while applies run, as from cron, only more often. */
async function runChaos(host: PrivateHost, file: string, random: Random): Promise<Written> {
  const end = Date.now() + Number(values.minutes) * 60_000;
  const counts: Record<string, number> = {};
  const written: Written = new Map();
  const count = (what: string) => {
    counts[what] = (counts[what] ?? 0) + 1;
  };
  const breaking = async () => {
    while (Date.now() < end) {
      const kind = random.pick(Object.keys(DAMAGE)) ?? '';
      if (await DAMAGE[kind]?.(host, random)) count(kind);
      await writeNote(host, written);
      await sleep(random.below(1500));
    }
  };
  const applying = async () => {
    while (Date.now() < end) {
      const killed = await apply(
        host,
        file,
        random.below(3) === 0 ? random.below(1500) : undefined,
      );
      count(killed ? 'apply' : 'applied');
      await sleep(random.below(1000));
    }
  };
  await Promise.all([breaking(), applying()]);
  print(`${written.size} rounds; broken: ${JSON.stringify(counts)}`);
  return written;
}

/** Writes a file alternately from the host, and from inside the container if it is running. */
async function writeNote(host: PrivateHost, written: Written): Promise<void> {
  const name = `note-${written.size}`;
  const path = join(host.root, 'volumes', 'web-farm', 'data', name);
  const text = `${name} ${'x'.repeat(5000)}`;
  if (written.size % 2 === 0) writeFileSync(path, text);
  else if (!(await writtenInside(host, name, text))) return;
  written.set(path, text);
}

async function writtenInside(host: PrivateHost, name: string, text: string): Promise<boolean> {
  const words = ['exec', '--stack', 'web-farm', 'keeper', 'busybox', 'sh', '-c'];
  const script = 'printf %s "$1" >"$0" && busybox sync';
  const ran = await host.baleine([...words, script, `/data/${name}`, text], { reject: false });
  return ran.code === 0;
}

/** Runs one apply. @param after milliseconds until it is killed @returns whether it was killed */
async function apply(host: PrivateHost, file: string, after?: number): Promise<boolean> {
  const into = [`--target=${host.pid}`, '--mount', '--net', '--'];
  const words = ['--root', host.root, 'apply', '-y', '--quiet', '--lock-skip', '-f', file];
  const child = spawn('nsenter', [...into, process.execPath, MAIN, ...words], { stdio: 'ignore' });
  const ended = new Promise<boolean>((resolve) =>
    child.on('exit', (_code, signal) => resolve(signal === 'SIGKILL')),
  );
  const timer = after === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), after);
  const killed = await ended;
  clearTimeout(timer);
  return killed;
}

async function findProblems(host: PrivateHost, file: string, written: Written): Promise<string[]> {
  const last = await host.baleine(['apply', '-y', '-f', file], { reject: false });
  const plan = await host.baleine(['plan', '--detailed-exitcode', '-f', file], { reject: false });
  const check = await host.baleine(['state', 'check'], { reject: false });
  const lost = [...written].filter(([path, text]) => contentOf(path) !== text);
  return [
    ...(last.code === 0 ? [] : [`the last apply: ${last.code} ${last.stderr}`]),
    ...(plan.code === 0 ? [] : [`the plan after it: ${plan.stdout}${plan.stderr}`]),
    ...(check.code === 0 ? [] : [`state check: ${check.stdout}${check.stderr}`]),
    ...(lost.length === 0
      ? []
      : [`${lost.length} of ${written.size} files of the volume are lost`]),
    ...(readdirSync(join(host.root, 'disks')).length === 5 ? [] : ['not five disks']),
  ];
}

function contentOf(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

const problems = await main();
for (const each of problems) print(`PROBLEM: ${each}`);
print(problems.length === 0 ? 'all well' : `${problems.length} problems with seed ${seed}`);
process.exitCode = problems.length === 0 ? 0 : 1;
