/**
 * npm run bench:scale -- [--containers 50,100,250,500] [--rounds 5]
 *
 * One stack of so many containers on one bridge: how long it takes to create, to find nothing to do,
 * to heal one, to list and to destroy, and the memory of Node at its peak. Runs on a private host
 * (test/support/private-host.sh) with all files in memory and leaves nothing there. A bridge of Linux
 * has at most 1023 ports.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { difference, snapshot } from '../test/support/leaks.js';
import { type Baleine, baleine } from './baleine.js';
import { alternate, type Command, median, output, time } from './time.js';

const { values: options } = parseArgs({
  options: {
    containers: { type: 'string', default: '50,100,250,500' },
    rounds: { type: 'string', default: '5' },
  },
});
delete process.env.NODE_EXTRA_CA_CERTS;

const rounds = Number(options.rounds);
const dir = mkdtempSync('/run/bench-');
const peakFile = join(dir, 'peak');
const NODE: Command = [process.execPath, '-e', '0'];

/** Makes Node write its peak resident memory to a file at its end, in KiB. */
const REPORT_PEAK = `data:text/javascript,${encodeURIComponent(
  `import { writeFileSync } from 'node:fs';
   process.on('exit', () => writeFileSync(${JSON.stringify(peakFile)}, String(process.resourceUsage().maxRSS)));`,
)}`;

const first = await snapshot({ root: join(dir, 'root') });
try {
  console.log(
    `${'containers'.padEnd(12)}${['up', 'no-op', 'ps', 'graph', 'heal', 'down'].map((each) => each.padStart(10)).join('')}` +
      '  each container, ms: up, no-op, down   peak MB: up, no-op, heal, down',
  );
  for (const count of options.containers.split(',').map(Number)) await measure(count);
} finally {
  rmSync(dir, { recursive: true, force: true });
  const left = difference(first, await snapshot({ root: join(dir, 'root') }));
  if (left.length > 0) console.log(`\nleft behind:\n  ${left.join('\n  ')}`);
  if (left.length > 0) process.exitCode = 1;
}

async function measure(count: number): Promise<void> {
  const stack = baleine(join(dir, String(count)), count);
  stack.start();
  stack.prepare();
  const up = withPeak(stack.command('apply', '--auto-approve', '--quiet'));
  try {
    await sleep(3000);
    stack.again();
    stack.again();
    const apply = stack.command('apply', '--auto-approve', '--quiet');
    const commands = [NODE, apply, stack.command('ps'), stack.command('graph')];
    const [bare = 0, noop = 0, ps = 0, graph = 0] = alternate(commands, rounds);
    const peak = withPeak(apply).peak;
    const heals = Array.from({ length: rounds }, (_, round) => healOne(stack, round));
    const heal = median(heals.map(({ took }) => took));
    const down = withPeak(stack.command('destroy', '--auto-approve'));
    const times = [up.took, noop, ps, graph, heal, down.took];
    const each = [up.took, noop - bare, down.took].map((took) => (took / count).toFixed(2));
    const peaks = [up.peak, peak, Math.max(...heals.map((one) => one.peak)), down.peak];
    console.log(
      `${String(count).padEnd(12)}${times.map((took) => took.toFixed(0).padStart(10)).join('')}` +
        `  ${each.join(', ').padEnd(38)}${peaks.map((size) => size.toFixed(0)).join(', ')}`,
    );
  } finally {
    if (stack.running() > 0) stack.down();
  }
}

/** Another one in each round: a container that ends again soon has to wait for its restart. */
function healOne(stack: Baleine, round: number): { took: number; peak: number } {
  const all = JSON.parse(output(stack.command('ps', '--json'))) as { pid: number }[];
  process.kill(all[round]?.pid as number, 'SIGKILL');
  return withPeak(stack.command('apply', '--auto-approve', '--quiet'));
}

/** Milliseconds, and the peak memory in MB. */
function withPeak([program, ...words]: Command): { took: number; peak: number } {
  const took = time([program, '--import', REPORT_PEAK, ...words]);
  return { took, peak: Number(readFileSync(peakFile, 'utf8')) / 1024 };
}
