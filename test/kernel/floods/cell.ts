import { isUtf8 } from 'node:buffer';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { IDLE } from '../../support/small-image.js';
import { FARM_BRIDGES } from '../stack/farm-proxy.js';
import { Stack, type StackFile } from '../stack/stack.js';
import { FLOODS, type Flood } from './floods.js';
import { type Taken, type Watched, watched } from './watched.js';

/** A place where untrusted output comes from, and the commands that read it. */
export interface Source {
  name: string;
  /** Sections of the file from the start, besides the container to be healed. */
  calm?: (flood: Flood) => object;
  /** Sections that are added before the commands run. */
  added?: (flood: Flood, stack: Stack) => object;
  /** Starts the flood when everything is up. */
  open?: (stack: Stack, flood: Flood) => Promise<Opened>;
  /** Ids of containers to kill besides the one to be healed. */
  killed?: string[];
  commands: Command[];
}

export interface Opened {
  /** Resources that baleine's own reaction took, such as the exit hook. */
  taken?: Taken;
  /** Ends the flood, after a last check. */
  end?: () => Promise<void>;
}

export interface Command {
  args: string[];
  /** Documented maximum milliseconds, or the duration of the flood. */
  limit: (flood: Flood) => number;
  /** Expected output about the flood, if any. */
  says?: (flood: Flood) => RegExp | undefined;
  /** `terminal`: it runs on a terminal; `raw`: it prints raw bytes, which are not checked. */
  output?: 'terminal' | 'raw';
}

/** The command that restarts killed containers. @param limit see `Command` */
export const heals = (limit: Command['limit']): Command => ({
  args: ['apply', '-y', '--quiet'],
  limit,
});

/** A `limit`: the command does not wait for the flood. */
export const AT_ONCE = () => 0;

export function idle() {
  return { image: 'box', stop_signal: 'SIGKILL', command: IDLE };
}

/** Maximum MiB of each program that a command runs, and of all together. */
const MOST_MEMORY = 150;

/**
 * Milliseconds beyond the documented limit for everything else that the command does, and from its start
 * to the restart. A busy machine gets more: twice the duration of the first apply.
 */
const MARGIN = 4000;

/** Maximum bytes of a command that reports a flood without showing it. */
const MOST_PRINTED = 8192;

/** Control characters, except tabs, newlines, and the returns that a terminal adds to newlines. */
const ACTS = /(?!\t|\n|\r+\n)[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

const PTY = fileURLToPath(new URL('../../support/pty.pl', import.meta.url));

const GOOD = 'flood.good';

/** Declares one test for each flood, or for some of them. */
export function testFloods(source: Source, applies: (flood: Flood) => boolean = () => true): void {
  describe(source.name, () => {
    for (const flood of FLOODS.filter(applies)) {
      it(
        flood.name,
        inPrivateHost((host) => expectUnaffected(host, source, flood)),
      );
    }
  });
}

async function expectUnaffected(host: PrivateHost, source: Source, flood: Flood): Promise<void> {
  const calm = stackFileOf(source.calm?.(flood));
  const stack = new Stack(host, calm);
  const started = performance.now();
  await stack.apply();
  const margin = MARGIN + 2 * Math.round(performance.now() - started);
  const before = stack.processes(GOOD)[GOOD];
  const opened = await source.open?.(stack, flood);
  try {
    if (opened?.taken) checkTaken(opened.taken);
    const added = source.added?.(flood, stack);
    if (added) stack.write(merged(calm, added));
    for (const id of [GOOD, ...(source.killed ?? [])]) {
      await stack.kill(id);
    }
    for (const command of source.commands) {
      const file = ['--file', stack.file];
      const [verb = '', ...args] = command.args;
      const limit = command.limit(flood) + margin;
      const onTerminal = ['perl', PTY, '33', '101', '--'];
      const healed = whenHealed(stack, before);
      const found = await watched(host, [...file, verb, ...args], {
        limit: 3 * limit,
        before: command.output === 'terminal' ? onTerminal : [],
      });
      healed.stop();
      check(found, command, flood, limit);
      // even while the flood continues
      if (verb === 'apply') expect(healed.after()).toBeLessThan(margin);
    }
  } finally {
    await opened?.end?.();
  }
  stack.write(calm);
  await stack.destroy();
}

/** Measures the milliseconds until the killed container has a new process. */
function whenHealed(stack: Stack, before: string | undefined) {
  const started = performance.now();
  let after = Number.POSITIVE_INFINITY;
  const look = () => {
    const now = stack.processes(GOOD)[GOOD];
    if (now === before || now === 'none') return;
    after = performance.now() - started;
    clearInterval(timer);
  };
  const timer = setInterval(look, 50);
  return {
    after: () => after,
    stop: () => {
      clearInterval(timer);
      if (after === Number.POSITIVE_INFINITY) look();
    },
  };
}

function check(found: Watched, command: Command, flood: Flood, limit: number): void {
  const { milliseconds, output } = found;
  checkTaken(found);
  expect(milliseconds).toBeLessThan(limit);
  const text = output.toString('utf8');
  const says = command.says?.(flood);
  if (says) expect(text).toMatch(says);
  if (command.output === 'raw') return;
  if (command.output === undefined) expect(found.printed).toBeLessThan(MOST_PRINTED);
  expect(isUtf8(output)).toBe(true);
  expect(ACTS.exec(text)?.[0]).toBeUndefined();
}

function checkTaken({ peaks, together, left }: Taken): void {
  expect(peaks).toHaveProperty('node');
  expect(Math.max(...Object.values(peaks)), JSON.stringify(peaks)).toBeLessThan(MOST_MEMORY);
  expect(together).toBeLessThan(MOST_MEMORY);
  expect(left).toEqual([]);
}

const IMAGE = {
  size: '64M',
  from: { host: { binaries: ['/bin/busybox', '/bin/sh', '/usr/bin/perl', '/usr/sbin/haproxy'] } },
};

function stackFileOf(more: object = {}): StackFile {
  const base = { name: 'flood', images: { box: IMAGE }, bridges: FARM_BRIDGES };
  return merged({ ...base, containers: { good: idle() } }, more);
}

/** Adds the entries of one file's sections to another's. */
function merged(base: StackFile, more: object): StackFile {
  const sections = Object.entries(more).map(([name, section]) => [
    name,
    { ...(base[name] as object | undefined), ...section },
  ]);
  return { ...base, ...Object.fromEntries(sections) };
}
