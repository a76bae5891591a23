import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { Stack } from './stack.js';

const shell = (script: string) => ['busybox', 'sh', '-c', script];

const stackFile = (script: string) => ({
  name: 'loop',
  images: { box: SMALL_IMAGE },
  containers: {
    dies: { image: 'box', stop_signal: 'SIGKILL', command: shell(script) },
    stays: { image: 'box', stop_signal: 'SIGKILL', command: IDLE },
    job: { image: 'box', restart: 'on-failure', command: ['busybox', 'true'] },
  },
});

it(
  'a container that ends at once is reported once, with its last line; the exit code reports it each time',
  inPrivateHost(async (host) => {
    const printed = 'busybox printf "one\\nbad \\033]0;x\\007 $$\\nError: all well"; exit 3';
    const stack = new Stack(host, stackFile(printed));
    const silent = { code: 1, stdout: '', stderr: '' };

    const first = await stack.run('apply', '-y', '--quiet');
    expect(first.code).toBe(1);
    expect(first.stdout).not.toContain('container.dies');
    expect(first.stdout).toContain('container.stays created: new\n');
    expect(first.stdout).toContain('container.job created: new\n');
    expect(first.stderr).toMatch(
      /^Error: container\.dies: does not stay up: ended with 3\n {2}last line of its log: Error: all well\n {2}baleine logs dies\n$/,
    );
    // the second try follows at once; the last line of its log differs
    expect(await stack.run('apply', '-y', '--quiet')).toEqual(silent);
    // the third try is delayed; waiting does not count as a recovery
    const waiting = await stack.run('apply', '-y', '--quiet');
    expect({ ...waiting, code: 0 }).toEqual({ ...silent, code: 0 });
    expect(await stack.plan()).toContain('container.dies is waiting: next try in');
    expect((await stack.run('apply', '-y', '--wait')).stderr).toMatch(
      /^Error: not all stay up\n {2}container\.dies ended with 3\n$/,
    );
    await stack.destroy();
  }),
);

it(
  'a container that ends later is healed once, then reported with the number of the try',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, stackFile('echo working; busybox sleep 2; exit 4'));
    await stack.apply();
    await sleep(3000);
    const first = await stack.run('apply', '-y', '--quiet');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(/^baleine loop:\n {2}container\.dies healed: .*ended with 4\n$/);
    const next = async () => {
      await sleep(1000);
      return stack.run('apply', '-y', '--quiet');
    };
    await expect.poll(next, { timeout: 60_000 }).toEqual({
      code: 0,
      stdout: '',
      stderr:
        'Warning: container.dies: does not stay up (try 2): ended with 4\n' +
        '  last line of its log: working\n  baleine logs dies\n',
    });
    // running or waiting: nothing is reported, not even a recovery
    for (const _ of [1, 2, 3]) {
      expect(await next()).toEqual({ code: 0, stdout: '', stderr: '' });
    }
    await stack.destroy();
  }),
);
