import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { usableRuntimes } from '../../support/runtimes.js';
import { killedBy } from '../../support/standing-in.js';
import { NOTHING, PAIR, Stack } from './stack.js';

/**
 * What a run that replaces a container has at work, by program and word, and seconds that it then
 * dallies. Those that share the lock are waited for; the monitor and the runtime under it are ended,
 * so they get more time than the next apply takes.
 */
const AT_WORK = [
  { program: 'RUNTIME', word: 'delete', seconds: 1, waited: true },
  { program: 'RUNTIME', word: 'create', seconds: 60, waited: false },
  { program: 'RUNTIME', word: 'start', seconds: 1, waited: true },
  { program: 'umount', word: '--', seconds: 1, waited: true },
  { program: 'ip', word: '-force', seconds: 1, waited: true },
  { program: 'cp', word: '--', seconds: 1, waited: true },
  { program: 'conmon', word: 'pair.a', seconds: 60, waited: false },
];

const ofRuntime = ({ program }: { program: string }) => program === 'RUNTIME';

it.each(usableRuntimes())(
  'programs that outlive a killed run do not affect the next, under %s',
  async (runtime) => {
    await inPrivateHost(async (host) => {
      const stack = withRuntime(host, runtime);
      await stack.apply();
      const all = runtime === usableRuntimes()[0];
      for (const { program, waited, ...how } of AT_WORK.filter((each) => all || ofRuntime(each))) {
        const at = { program: program.replace('RUNTIME', runtime), ...how };
        const { code, went } = await replaceKilledBy(stack, at);
        expect(code).toBe(137);
        await stack.apply();
        expect({ ...at, went: went() }).toEqual({ ...at, went: waited ? 'on' : 'away' });
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
    const { went } = await replaceKilledBy(stack, { program: 'ip', word: '-force', seconds: 20 });
    const said = new RegExp(
      String.raw`^Error: cannot lock \S+/\.lock: programs of a run that was cut off are still at work: ` +
        String.raw`pid (\d+) \(sh \S+/ip -force -batch -\), since [\d:]{8}.*\n` +
        String.raw`  Wait until they have ended\. To end programs that hang: kill -KILL \1 `,
    );
    const cron = await stack.run('apply', '-y', '--quiet', '--lock-skip');
    expect(cron).toMatchObject({ code: 75, stdout: '' });
    expect(cron.stderr).toMatch(said);
    for (const pid of /kill -KILL (.*)$/m.exec(cron.stderr)?.[1]?.split(' ') ?? []) {
      process.kill(Number(pid), 'SIGKILL');
    }
    expect(await stack.run('apply', '-y', '--quiet', '--lock-skip')).toMatchObject({ code: 0 });
    expect(went()).toBe('away');
    expect(await stack.plan()).toBe(NOTHING);
    await stack.destroy();
  }),
);

/** Holds the lock that it reads the name of, close-on-exec as a run does. */
const HOLDER =
  'chomp(my $path = <STDIN>); open my $lock, ">>", $path or die; flock $lock, 2; system "sleep", "30"';

/** Grows older than the interval of cron while the tests before it run. */
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
  return killedBy(stack.host, at, words);
}
