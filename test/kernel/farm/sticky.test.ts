import { expect, it } from 'vitest';
import { startLoad } from '../../support/load.js';
import { inPrivateHost } from '../../support/private-host.js';
import { farmOf, farmStack } from '../stack/farm-proxy.js';
import { Stack } from '../stack/stack.js';
import { during } from './during.js';

const ADDRESS = '10.77.1.10';

/** Milliseconds. */
const DRAIN = 40_000;

/** Slow enough that returning clients keep a server busy without a pause. */
const SLOW = {
  command: [
    ...['busybox', 'sh', '-c'],
    `busybox mkdir -p /srv/cgi-bin
printf '#!/bin/busybox sh\\nbusybox sleep 0.2\\necho\\nbusybox hostname\\n' >/srv/cgi-bin/slow
busybox chmod 755 /srv/cgi-bin/slow
exec busybox httpd -f -p 80 -h /srv`,
  ],
};

const words = (replicas: number) =>
  farmStack({
    shop: {
      ...farmOf(replicas, ADDRESS, { proxy: { sticky: 'cookie' }, servers: SLOW }),
      update: { drain: `${DRAIN}ms` },
    },
  });

it(
  'moves clients with a cookie to another server when theirs stops, without losing a request',
  { timeout: 200_000 },
  inPrivateHost(async (host) => {
    const stack = new Stack(host, words(3));
    await stack.apply();
    const load = startLoad(`http://${ADDRESS}/cgi-bin/slow`, host.pid);
    try {
      const asked = async () => Object.keys((await load.count()).pages).sort();
      const all = ['shop-server-1', 'shop-server-2', 'shop-server-3'];
      await expect.poll(asked, { timeout: 30_000 }).toEqual(all);
      const { failed, ms } = await during('3 → 1 with cookies', load, async () => {
        stack.write(words(1));
        await stack.apply();
      });
      expect(failed).toEqual({});
      expect(ms).toBeLessThan(DRAIN / 2);
      await load.count();
      await expect.poll(asked).toEqual(['shop-server-1']);
    } finally {
      await load.stop();
    }
    await stack.destroy();
  }),
);
