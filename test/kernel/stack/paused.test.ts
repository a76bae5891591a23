import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { SMALL_IMAGE } from '../../support/small-image.js';
import { Stack } from './stack.js';

const CHECKED = {
  image: 'box',
  command: ['busybox', 'sleep', '1000'],
  stop_signal: 'SIGKILL',
  healthcheck: { exec: ['busybox', 'true'], interval: '1s', timeout: '1s', retries: 1 },
};

const fileOf = (more: object = {}, image = SMALL_IMAGE) => ({
  name: 'calm',
  images: { box: image },
  containers: { web: { ...CHECKED, ...more }, other: CHECKED },
});

it(
  'keeps a paused container paused across applies and notes it; changes, stops and removes it',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, fileOf());
    const status = async () =>
      (JSON.parse(await stack.done('ps', '--json')) as { name: string; status: string }[]).find(
        ({ name }) => name === 'web',
      )?.status;
    await stack.apply();
    const before = stack.processes('calm.web');
    await stack.done('pause', 'web');
    for (const _ of [1, 2, 3]) {
      await sleep(1100);
      await stack.apply();
    }
    expect(await status()).toBe('paused');
    expect(await stack.plan()).toContain('container.web is paused: its health is not asked');
    const exec = await stack.run('exec', 'web', '--', 'busybox', 'true');
    expect(exec).toMatchObject({ code: 1 });
    expect(exec.stderr).toContain('it is paused');

    stack.write(fileOf({ limits: { memory: '48M' } }));
    await stack.apply();
    expect(stack.processes('calm.web')).toEqual(before);
    expect(stack.memory('calm.web').read()).toBe(48 * 2 ** 20);
    await stack.done('unpause', 'web');
    await sleep(1100);
    await stack.apply();
    expect([await status(), stack.processes('calm.web')]).toEqual(['running', before]);

    await stack.done('pause', 'web');
    stack.write(fileOf({ limits: { memory: '48M' }, environment: { NEW: '1' } }));
    await stack.apply();
    expect(await status()).toBe('running');
    await stack.done('pause', 'web');
    await stack.done('restart', 'web');
    expect(await status()).toBe('running');
    await stack.done('pause', 'web');
    await stack.done('stop', 'web');
    await stack.done('start', 'web');
    await stack.done('pause', 'web', 'other');
    await stack.done('kill', 'other');
    await expect.poll(() => stack.pids('calm.other')).toEqual([]);
    await stack.destroy();
  }),
);
