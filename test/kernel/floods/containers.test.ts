import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { AT_ONCE, floodedBy, heals, idle, type Source } from './cell.js';
import { BOUND, type Flood, shell } from './floods.js';
import { Watch } from './watched.js';

const LOG_SIZE = '256K';
/** Bytes: the log, the next one that takes its place, and what the other containers log. */
const MOST_LOGGED = 3 * 256 * 1024;
const LOG_GOES_ON = { seconds: 8 };

const logLine: Source = {
  name: 'the log',
  calm: (flood) => {
    // long enough for the run that has started it to find it up
    const command = shell(`busybox sleep 2; ${flood.script(LOG_GOES_ON)}`);
    return { containers: { evil: { ...idle(), command, logs: { max_size: LOG_SIZE } } } };
  },
  open: async (stack, flood) => {
    const log = join(stack.host.root, 'logs', 'flood.evil.log');
    const length = () => readFileSync(log).length;
    await expect.poll(length, { timeout: 10_000 }).toBeGreaterThan(enoughOf(flood));
    if (flood.isShort) await expect.poll(() => stack.pids('flood.evil')).toEqual([]);
    const disk = watchSize(dirname(log));
    return {
      end: async () => {
        clearInterval(disk.timer);
        expect(disk.most).toBeLessThan(MOST_LOGGED);
      },
    };
  },
  commands: [
    { words: ['logs', 'evil'], limit: AT_ONCE, output: 'terminal', says: saysOf },
    { words: ['logs', '-f', 'evil'], limit: () => LOG_GOES_ON.seconds * 1000, output: 'raw' },
    heals(AT_ONCE),
  ],
};

/** The most that the files in a folder have had at once, in bytes. */
function watchSize(dir: string) {
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

/** Bytes of the log that have what `logs` is to show: a record is some 45 bytes and its text. */
function enoughOf({ name, isShort }: Flood): number {
  if (isShort) return 0;
  return name === 'endless' ? 4096 : 300;
}

function saysOf({ name, isShort }: Flood): RegExp {
  if (isShort) return /owned/;
  return name === 'endless' ? /A{1000}/ : /x{3}/;
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

floodedBy(logLine);
floodedBy(exitHook);
