import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { Trials } from './trials.js';

/** SIGHUP does nothing to it. */
const READER = ['busybox', 'sh', '-c', `trap : HUP; ${IDLE.at(-1)}; while :; do wait; done`];

const stack = (secret: string) => ({
  name: 's',
  images: { box: SMALL_IMAGE },
  secrets: { pw: { file: `./${secret}` } },
  configs: { text: { content: secret } },
  containers: {
    restarted: { image: 'box', command: IDLE, secrets: ['pw'], configs: ['text'] },
    signaled: {
      image: 'box',
      command: READER,
      stop_signal: 'SIGKILL',
      secrets: ['pw'],
      on_change: 'HUP',
    },
  },
});

it(
  'a changed secret is in every container after an apply that follows a killed one',
  inPrivateHost(async (host) => {
    for (const name of ['old', 'new']) writeFileSync(join(host.dir, name), `${name} value`);
    const write = (name: string, secret: string) =>
      writeFileSync(join(host.dir, name), JSON.stringify(stack(secret)));
    write('baleine.yaml', 'old');
    write('next.yaml', 'new');
    const trials = new Trials(host);
    await trials.run('apply', '-y', '--quiet');
    const check = async () => {
      for (const name of ['restarted', 'signaled']) {
        const inside = ['exec', name, '--', 'busybox', 'cat', '/run/secrets/pw'];
        expect(await trials.run(...inside)).toBe('old value');
      }
    };
    for (let seed = 0; seed < 5; seed += 1) {
      const args = ['apply', '-y', '-f', 'next.yaml'];
      // an apply that finds it stopped counts that as a restart, of which there are many here
      const before = [['restart', 'restarted']];
      await trials.try('change', { args, before, check, killOnly: true }, seed);
    }
    expect(trials.kills).toBeGreaterThan(0);
    await trials.run('destroy', '-y');
    expect(await host.leaks()).toEqual([]);
  }),
  process.env.CRASH_ALL ? 3_600_000 : 300_000,
);
