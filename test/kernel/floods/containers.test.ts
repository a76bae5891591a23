import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { AT_ONCE, heals, idle, type Source, testFloods } from './cell.js';
import { BOUND, type Flood, shell } from './floods.js';
import { Watch } from './watched.js';

const LOG_SIZE = '256K';
/** Maximum bytes: the log, its successor, and the logs of the other containers. */
const MOST_LOGGED = 3 * 256 * 1024;
const LONG_LOG = { seconds: 8 };

const logLine: Source = {
  name: 'the log',
  calm: (flood) => {
    // long enough that the run that starts it finds it running
    const command = shell(`busybox sleep 2; ${flood.script(LONG_LOG)}`);
    return { containers: { evil: { ...idle(), command, logs: { max_size: LOG_SIZE } } } };
  },
  open: async (stack, flood) => {
    const log = join(stack.host.root, 'logs', 'flood.evil.log');
    const length = () => readFileSync(log).length;
    await expect.poll(length, { timeout: 30_000 }).toBeGreaterThan(enoughOf(flood));
    if (flood.isShort) await expect.poll(() => stack.pids('flood.evil')).toEqual([]);
    const disk = trackSize(dirname(log));
    return {
      end: async () => {
        clearInterval(disk.timer);
        expect(disk.most).toBeLessThan(MOST_LOGGED);
      },
    };
  },
  commands: [
    { args: ['logs', 'evil'], limit: AT_ONCE, output: 'terminal', says: saysAtOnce },
    {
      args: ['logs', '-f', 'evil'],
      limit: () => LONG_LOG.seconds * 1000,
      output: 'raw',
      says: saysOf,
    },
    heals(AT_ONCE),
  ],
};

/** Tracks the maximum total bytes of the files in a folder. */
function trackSize(dir: string) {
  const sizeOf = (name: string) => statSync(join(dir, name), { throwIfNoEntry: false })?.size ?? 0;
  const look = () => readdirSync(dir).reduce((sum, name) => sum + sizeOf(name), 0);
  const seen = {
    most: 0,
    timer: setInterval(() => {
      seen.most = Math.max(seen.most, look());
    }, 50),
  };
  return seen;
}

/** Bytes of the log that suffice for `logs`: a record is its text and some 45 bytes. */
function enoughOf({ name, isShort }: Flood): number {
  if (isShort) return 0;
  return name === 'endless' ? 4096 : 300;
}

function saysOf({ name, isShort }: Flood): RegExp {
  if (isShort) return /owned/;
  return name === 'endless' ? /A{1000}/ : /x{3}/;
}

/** Of an endless line there may be nothing: conmon may have replaced the log by an empty one just then. */
function saysAtOnce(flood: Flood): RegExp | undefined {
  return flood.name === 'endless' ? undefined : saysOf(flood);
}

/** Milliseconds that the hook waits for another baleine, and a margin. */
const HOOK_LIMIT = 10_000 + 2000;

const exitHook: Source = {
  name: 'the exit hook',
  calm: (flood) => {
    const command = shell(`(${flood.script(BOUND)}); busybox sleep 3600`);
    return { containers: { evil: { ...idle(), command, heal: 'immediate' } } };
  },
  open: async (stack) => {
    const evil = () => stack.processes('flood.evil')['flood.evil'];
    const watch = new Watch(stack.host);
    for (let kills = 0; kills < 3 && !watch.hasSeen; kills += 1) {
      const before = evil();
      await stack.kill('flood.evil');
      const isNew = () => evil() !== before && evil() !== 'none';
      await expect.poll(isNew, { timeout: HOOK_LIMIT, interval: 50 }).toBe(true);
    }
    return { taken: await watch.end() };
  },
  commands: [heals(AT_ONCE)],
};

testFloods(logLine);
testFloods(exitHook);
