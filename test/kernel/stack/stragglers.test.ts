import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { usableRuntimes } from '../../support/runtimes.js';
import { runKilledBy } from '../../support/standing-in.js';
import { NOTHING, PAIR, Stack } from './stack.js';

/**
 * Programs that a run starts to replace a container, and the seconds that each then hangs. The next run
 * waits for those that share the lock. It kills the monitor and the runtime below it, which hang for
 * longer than the next apply takes.
 */
const HANGING = [
  { program: 'RUNTIME', word: 'create', seconds: 60, isAwaited: false },
  { program: 'RUNTIME', word: 'start', seconds: 1, isAwaited: true },
  { program: 'umount', word: '--', seconds: 1, isAwaited: true },
  { program: 'ip', word: '-force', seconds: 1, isAwaited: true },
  { program: 'cp', word: '--', seconds: 1, isAwaited: true },
  { program: 'conmon', word: 'pair.a', seconds: 60, isAwaited: false },
];

const ofRuntime = ({ program }: { program: string }) => program === 'RUNTIME';

it.each(usableRuntimes())(
  'programs that outlive a killed run do not affect the next, under %s',
  async (runtime) => {
    await inPrivateHost(async (host) => {
      const stack = withRuntime(host, runtime);
      await stack.apply();
      const all = runtime === usableRuntimes()[0];
      for (const { program, isAwaited, ...how } of HANGING.filter(
        (each) => all || ofRuntime(each),
      )) {
        const at = { program: program.replace('RUNTIME', runtime), ...how };
        const { code, outcome } = await replaceKilledBy(stack, at);
        expect(code).toBe(137);
        await stack.apply();
        expect({ ...at, outcome: outcome() }).toEqual({
          ...at,
          outcome: isAwaited ? 'completed' : 'killed',
        });
        expect(await stack.plan()).toBe(NOTHING);
        await stack.answers('10.77.1.11', ['a']);
      }
      await stack.destroy();
    })();
  },
);

it(
  'a hanging program is named to commands that wait for it, also from cron',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);
    await stack.apply();
    const { outcome } = await replaceKilledBy(stack, {
      program: 'ip',
      word: '-force',
      seconds: 20,
    });
    const error = new RegExp(
      String.raw`^Error: cannot lock \S+/\.lock: programs of a run that was cut off are still at work: ` +
        String.raw`pid (\d+) \(sh \S+/ip -force -batch -\), since [\d:]{8}.*\n` +
        String.raw`  Wait until they have ended\. To end programs that hang: kill -KILL \1 `,
    );
    const cron = await stack.run('apply', '-y', '--quiet', '--lock-skip');
    expect(cron).toMatchObject({ code: 75, stdout: '' });
    expect(cron.stderr).toMatch(error);
    for (const pid of /kill -KILL (.*)$/m.exec(cron.stderr)?.[1]?.split(' ') ?? []) {
      process.kill(Number(pid), 'SIGKILL');
    }
    expect(await stack.run('apply', '-y', '--quiet', '--lock-skip')).toMatchObject({ code: 0 });
    expect(outcome()).toBe('killed');
    expect(await stack.plan()).toBe(NOTHING);
    await stack.destroy();
  }),
);

/** Reads the name of a lock and holds it, close-on-exec as a run does. */
const HOLDER =
  'chomp(my $path = <STDIN>); open my $lock, ">>", $path or die; flock $lock, 2; system "sleep", "30"';

/** Started early: it must be older than the interval of cron. */
const holder = spawn('perl', ['-e', HOLDER], { stdio: ['pipe', 'ignore', 'inherit'] });
const held = { since: performance.now(), end: once(holder, 'exit') };
afterAll(() => holder.kill('SIGKILL'));

it(
  'cron reports a run that holds the lock for longer than an interval, with growing intervals',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);
    await stack.apply();
    await sleep(Math.max(0, held.since + 61_000 - performance.now()));
    holder.stdin.end(`${host.root}/.lock\n`);
    await sleep(500);
    const cron = () => stack.run('apply', '-y', '--quiet', '--lock-skip');
    const first = await cron();
    expect(first).toMatchObject({ code: 75, stdout: '' });
    expect(first.stderr).toMatch(
      /^Error: cannot lock \S+\/\.lock: pid \d+ \(perl .*, since [\d:]{8} holds it, for \d+ s now; nothing is healed until it ends\n/,
    );
    expect(first.stderr).toMatch(/\n {2}it waits for pid \d+ \(sleep 30\), since/);
    expect(await cron(), 'not every minute').toEqual({ code: 75, stdout: '', stderr: '' });
    expect(await stack.run('apply', '-y', '--lock-skip')).toMatchObject({ code: 75 });
    process.kill(Number(/kill (\d+)/.exec(first.stderr)?.[1]), 'SIGKILL');
    await held.end;
    expect(await cron()).toMatchObject({ code: 0, stdout: expect.stringMatching(/recovered/) });
    await stack.destroy();
  }),
);

function withRuntime(host: PrivateHost, runtime: string): Stack {
  const { a, b } = PAIR.containers;
  return new Stack(host, {
    ...PAIR,
    containers: { a: { ...a, runtime }, b: { ...b, runtime } },
  });
}

function replaceKilledBy(stack: Stack, at: { program: string; word: string; seconds: number }) {
  const words = ['--file', stack.file, 'apply', '-y', '--replace', 'container.a'];
  return runKilledBy(stack.host, at, words);
}
