import { isUtf8 } from 'node:buffer';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { IDLE } from '../../support/small-image.js';
import { FARM_BRIDGES } from '../stack/farm-proxy.js';
import { Stack, type Words } from '../stack/stack.js';
import { FLOODS, type Flood } from './floods.js';
import { type Taken, type Watched, watched } from './watched.js';

/** Who writes a flood, and the commands that meet it. */
export interface Source {
  name: string;
  /** What the stack has besides the container that is to be healed. */
  calm?: (flood: Flood) => object;
  /** What the file has in addition when the commands run. */
  added?: (flood: Flood, stack: Stack) => object;
  /** Lets the flood in once all is up. */
  open?: (stack: Stack, flood: Flood) => Promise<Opened>;
  /** Ids of containers that are killed besides the one that is to be healed. */
  killed?: string[];
  commands: Command[];
}

export interface Opened {
  /** What baleine has taken to do something about it by itself. */
  taken?: Taken;
  /** Ends it; a last look at what it has done. */
  end?: () => Promise<void>;
}

export interface Command {
  words: string[];
  /** Milliseconds that it may take as documented, or that the flood goes on. */
  limit: (flood: Flood) => number;
  /** What it says of the flood, as far as it does. */
  says?: (flood: Flood) => RegExp | undefined;
  /** Whether its output is a terminal; what else is raw by its nature is not looked at. */
  output?: 'terminal' | 'raw';
}

/** The command that heals what has ended. @param limit see `Command` */
export const heals = (limit: Command['limit']): Command => ({
  words: ['apply', '-y', '--quiet'],
  limit,
});

/** As a limit: the flood is no reason to wait. */
export const AT_ONCE = () => 0;

export function idle() {
  return { image: 'box', stop_signal: 'SIGKILL', command: IDLE };
}

/** MiB, of each program that runs for a command and of all together. */
const MOST_MEMORY = 150;

/**
 * Milliseconds beyond what is documented, for all that the command does besides, and from its start to
 * the healing, whatever else it waits for. On a busy machine it is more: by what the first apply took.
 */
const MARGIN = 4000;

/** Bytes that a command prints which has something to say of a flood, but shows none. */
const MOST_PRINTED = 8192;

/** Other than a line's end, a tab and a return before a line's end, as a terminal has it. */
const ACTS = /(?!\t|\n|\r+\n)[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

const PTY = fileURLToPath(new URL('../../support/pty.pl', import.meta.url));

const GOOD = 'flood.good';

/** One test for each flood, or for some of them. */
export function floodedBy(source: Source, isMeant: (flood: Flood) => boolean = () => true): void {
  describe(source.name, () => {
    for (const flood of FLOODS.filter(isMeant)) {
      it(
        flood.name,
        inPrivateHost((host) => meets(host, source, flood)),
      );
    }
  });
}

async function meets(host: PrivateHost, source: Source, flood: Flood): Promise<void> {
  const calm = wordsOf(source.calm?.(flood));
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
      const [verb = '', ...words] = command.words;
      const limit = command.limit(flood) + margin;
      const onTerminal = ['perl', PTY, '33', '101', '--'];
      const healed = whenHealed(stack, before);
      const found = await watched(host, [...file, verb, ...words], {
        limit: 3 * limit,
        before: command.output === 'terminal' ? onTerminal : [],
      });
      healed.stop();
      check(found, command, flood, limit);
      // while the flood goes on, for those that go on longer
      if (verb === 'apply') expect(healed.after()).toBeLessThan(margin);
    }
  } finally {
    await opened?.end?.();
  }
  stack.write(calm);
  await stack.destroy();
}

/** Looks how long it takes until another process runs for what was killed. */
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

function wordsOf(more: object = {}): Words {
  const words = { name: 'flood', images: { box: IMAGE }, bridges: FARM_BRIDGES };
  return merged({ ...words, containers: { good: idle() } }, more);
}

/** Sections of one file added to another's. */
function merged(words: Words, more: object): Words {
  const sections = Object.entries(more).map(([name, section]) => [
    name,
    { ...(words[name] as object | undefined), ...section },
  ]);
  return { ...words, ...Object.fromEntries(sections) };
}
