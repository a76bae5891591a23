import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { Background } from './background.js';
import { Stack } from './stack.js';

const shell = (text: string) => ({
  image: 'box',
  command: ['busybox', 'sh', '-c', text],
  restart: 'no',
  limits: { memory: '32M' },
});

const FILE = {
  name: 'fore',
  images: { box: SMALL_IMAGE },
  containers: {
    polite: { ...shell(''), command: ['busybox', 'sh', '-c', `echo hello; ${IDLE[3]}`] },
    // without a handler the first process ignores the signal
    stubborn: { ...shell('echo there; exec busybox sleep 3600'), stop_grace_period: '5m' },
  },
};

it(
  'shows the output until Ctrl-C, which stops the containers, and kills them the second time',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, FILE);
    const first = new Background(host, stack.file, 'up', '--no-color', 'polite');
    await first.says('polite | hello');
    expect(first.output).not.toContain('there');
    first.signal('SIGINT');
    expect(await first.code()).toBe(130);
    expect(stack.pids('fore.polite')).toEqual([]);

    const second = new Background(host, stack.file, 'up', '--no-color');
    await second.says(/polite +\| hello/);
    await second.says(/stubborn \| there/);
    second.signal('SIGINT');
    await expect.poll(() => stack.pids('fore.polite'), { timeout: 60_000 }).toEqual([]);
    expect(stack.pids('fore.stubborn')).not.toEqual([]);
    second.signal('SIGINT');
    expect(await second.code()).toBe(130);
    expect(stack.pids('fore.stubborn')).toEqual([]);
    expect(await stack.done('ps')).toMatch(/polite .* stopped .*stubborn .* stopped /s);
    await stack.destroy();
  }),
  300_000,
);

it(
  'ends when all have ended, or with the first or a chosen one',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, {
      ...FILE,
      containers: { a: shell('echo A; exit 3'), b: shell('busybox sleep 1; echo B') },
    });
    const up = await stack.run('up', '--no-color');
    expect(up.stderr).toMatch(/container\.a ended with 3\n.*container\.b ended with 0\n/s);
    expect(up.stdout).toMatch(/^a \| A$/m);
    expect(up.stdout).toMatch(/^b \| B$/m);
    expect(up.code).toBe(0);
    // both run again
    const { polite } = FILE.containers;
    stack.write({
      ...FILE,
      containers: { polite, a: shell('busybox sleep 1; exit 3'), c: shell('busybox sleep 600') },
    });
    expect((await stack.run('up', '--abort-on-container-exit', '-t', '1')).code).toBe(3);
    expect([stack.pids('fore.polite'), stack.pids('fore.c')]).toEqual([[], []]);
    const again = await stack.run('up', '--exit-code-from', 'a', '-t', '1', 'a', 'polite');
    expect(again.code).toBe(3);
    expect(stack.pids('fore.polite')).toEqual([]);
    await stack.done('up', '-d', 'a', 'polite');
    expect(await stack.run('wait', 'a')).toEqual({ code: 3, stdout: '3\n', stderr: '' });
    const refused = await stack.run('up', '-d', '--exit-code-from', 'a');
    expect(refused.stderr).toContain('cannot take --exit-code-from in the background');
    expect((await stack.run('up', '--exit-code-from', 'x')).stderr).toContain(
      'cannot wait for "x"',
    );
    await stack.destroy();
  }),
  300_000,
);
