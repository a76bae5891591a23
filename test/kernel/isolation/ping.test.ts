import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { Stack } from '../stack/stack.js';

const IDLE = {
  image: 'box',
  command: ['busybox', 'sleep', '1000'],
  stop_signal: 'SIGKILL',
  bridges: ['lan'],
  user: '1000:1000',
};

it(
  'ping works between containers for every user, without CAP_NET_RAW',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, {
      name: 'pings',
      images: { box: { size: '32M', from: { host: { binaries: ['/bin/busybox', '/bin/ping'] } } } },
      bridges: { lan: { subnet: '10.77.1.0/24' } },
      containers: {
        plain: IDLE,
        bare: { ...IDLE, cap_drop: ['ALL'], user: '0:0' },
        mapped: { ...IDLE, userns: 'auto', user: '65534:65534' },
      },
    });
    await stack.apply();
    const all = ['plain', 'bare', 'mapped'];
    for (const from of all) {
      for (const to of all) {
        const words = ['exec', from, 'ping', '-n', '-c', '1', '-W', '5', to];
        const { stdout, stderr } = await stack.run(...words);
        expect([from, to, stdout + stderr]).toEqual([
          from,
          to,
          expect.stringContaining('1 packets transmitted, 1 received'),
        ]);
      }
    }
    await stack.destroy();
  }),
  120_000,
);
