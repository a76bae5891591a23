import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { SMALL_IMAGE } from '../../support/small-image.js';
import { NOTHING, Stack } from './stack.js';

const SLEEPER = { image: 'box', command: ['busybox', 'sleep', '1000'], stop_signal: 'SIGKILL' };

const stackOf = (host: PrivateHost, containers: Record<string, object>) =>
  new Stack(host, { name: 'one', images: { box: SMALL_IMAGE }, containers });

/** Status of each container by name: `exited`, `running` and so on. */
async function states(stack: Stack): Promise<Record<string, string>> {
  const listed: { name: string; status: string }[] = JSON.parse(await stack.done('ps', '--json'));
  return Object.fromEntries(listed.map(({ name, status }) => [name, status]));
}

it(
  'a failed or killed restart leaves the container desired as running',
  inPrivateHost(async (host) => {
    const conf = join(host.dir, 'conf');
    mkdirSync(conf);
    const ignoring = ['busybox', 'sh', '-c', 'trap "" TERM; while :; do busybox sleep 1; done'];
    const stack = stackOf(host, {
      web: { ...SLEEPER, volumes: [`${conf}:/conf`] },
      slow: { image: 'box', command: ignoring, stop_grace_period: '4s' },
    });
    await stack.apply();
    rmSync(conf, { recursive: true });
    expect((await stack.run('restart', 'web')).code).toBe(1);
    mkdirSync(conf);
    await stack.apply();
    expect(await states(stack)).toEqual({ web: 'running', slow: 'running' });

    const cut = host.baleine(['--file', stack.file, 'restart', 'slow'], {
      reject: false,
      timeout: 1500,
    });
    await cut.catch(() => undefined);
    await sleep(4000);
    await stack.run('apply', '-y', '--lock-timeout', '30s');
    expect(await states(stack)).toEqual({ web: 'running', slow: 'running' });
    expect(await stack.plan()).toBe(NOTHING);

    await stack.done('stop', 'web');
    rmSync(conf, { recursive: true });
    expect((await stack.run('start', 'web')).code).toBe(1);
    mkdirSync(conf);
    await stack.apply();
    expect((await states(stack)).web, 'a failed start is completed').toBe('running');
    await stack.destroy();
  }),
);

it(
  'nothing starts before its dependency has completed: neither by apply, start nor its monitor',
  inPrivateHost(async (host) => {
    const gate = join(host.dir, 'gate');
    mkdirSync(gate);
    const stack = stackOf(host, {
      job: {
        image: 'box',
        command: ['busybox', 'sh', '-c', 'busybox test -e /gate/open || exit 5'],
        restart: 'no',
        volumes: [`${gate}:/gate`],
      },
      app: {
        ...SLEEPER,
        heal: 'immediate',
        depends_on: { job: { condition: 'service_completed_successfully' } },
      },
    });
    for (const words of [
      ['apply', '-y'],
      ['apply', '-y'],
      ['start', 'app'],
      ['restart', 'app'],
    ]) {
      const { code, stderr, stdout } = await stack.run(...words);
      expect({ words, code }).toEqual({ words, code: 1 });
      expect(stderr + stdout).toContain('it is not complete: it ended with 5');
    }
    expect(await states(stack)).toEqual({ job: 'exited', app: 'gone' });

    writeFileSync(join(gate, 'open'), '');
    await stack.done('start', 'job');
    await stack.apply();
    expect(await states(stack)).toEqual({ job: 'exited', app: 'running' });

    rmSync(join(gate, 'open'));
    await stack.done('start', 'job');
    const [pid = 0] = stack.pids('one.app');
    process.kill(pid, 'SIGKILL');
    await sleep(3000);
    expect((await states(stack)).app, 'not by its monitor').toBe('exited');
    expect(existsSync(join(gate, 'open'))).toBe(false);
    await stack.destroy();
  }),
);
