import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Load, startLoad } from '../../support/load.js';
import { inPrivateHost } from '../../support/private-host.js';
import { headings, NOTHING, Stack } from '../stack/stack.js';
import { cutOff, during, processOf, versions } from './during.js';

const PAGE =
  'busybox mkdir -p /srv; echo "$(busybox hostname) $(busybox cat /version)" >/srv/index.html; exec busybox httpd -f -p 80 -h /srv';
const SERVER = {
  image: 'web',
  command: ['busybox', 'sh', '-c', PAGE],
  stop_signal: 'SIGKILL',
  bridges: ['back'],
  port: 80,
  healthcheck: { http: { port: 80, path: '/' }, interval: '1s', retries: 3 },
};
const PROXY = {
  image: 'box',
  engine: 'haproxy',
  bridges: { front: { address: '10.77.1.10' }, back: {} },
  listen: 80,
};
const BINARIES = ['/bin/busybox', '/usr/sbin/haproxy'];

interface Wanted {
  replicas?: number;
  version?: string;
  servers?: object;
  proxy?: object;
  update?: object;
}

function farm({ replicas = 3, version = 'v1', servers, proxy, update }: Wanted = {}) {
  return {
    name: 'farm',
    images: {
      box: { size: '64M', from: { host: { binaries: BINARIES } } },
      web: { from: { image: 'box' }, copy: [{ from: `./${version}`, to: '/version' }] },
    },
    bridges: {
      front: { subnet: '10.77.1.0/24', host: '10.77.1.1' },
      back: { subnet: '10.77.2.0/24', isolated: true },
    },
    farms: {
      web: {
        servers: { ...SERVER, replicas, ...servers },
        proxy: { ...PROXY, ...proxy },
        update: { drain: '5s', ...update },
      },
    },
  };
}

/** Runs a test on a farm that a client queries all the time. */
async function underLoad(
  test: (stack: Stack, load: Load) => Promise<void>,
  options: Wanted = {},
): Promise<void> {
  await inPrivateHost(async (host) => {
    const stack = new Stack(host, farm(options));
    for (const each of ['v1', 'v2']) writeFileSync(join(host.dir, each), `${each}\n`);
    await stack.apply();
    // the proxy listens as soon as apply has ended
    expect(await stack.pages('10.77.1.10')).toHaveLength(1);
    const load = startLoad('http://10.77.1.10/', host.pid);
    try {
      await test(stack, load);
    } finally {
      await load.stop();
    }
    stack.write(farm(options));
    await stack.destroy();
  })();
}

const servers = (stack: Stack) =>
  Promise.all(['web-server-1', 'web-server-2'].map((each) => processOf(stack, each)));

it(
  'loses no request during scaling, rolling updates, changes and healing',
  { timeout: 300_000 },
  () =>
    underLoad(async (stack, load) => {
      const proxy = await processOf(stack, 'web-proxy');
      const change = (what: string, options: Wanted) =>
        during(what, load, () => {
          stack.write(farm(options));
          return stack.apply();
        });

      expect((await change('scale 3 → 8', { replicas: 8 })).failed).toEqual({});
      expect((await change('scale 8 → 2', { replicas: 2 })).failed).toEqual({});
      const rolled = await change('new image', { replicas: 2, version: 'v2' });
      expect(rolled.failed).toEqual({});
      await load.count();
      const limits = { limits: { memory: '48M' } };
      const limited = await change('limits', { replicas: 2, version: 'v2', servers: limits });
      expect(limited.failed).toEqual({});
      expect(versions(limited)).toEqual(['v2']);
      const options = {
        replicas: 2,
        version: 'v2',
        servers: limits,
        proxy: { balance: 'leastconn' },
      };
      expect((await change('proxy options', options)).failed).toEqual({});

      const killed = await during('kill -9 of a server', load, async () => {
        const victim = await processOf(stack, 'web-server-1');
        load.kill(victim);
        const isThere = () => existsSync(`/proc/${victim}`);
        await expect.poll(isThere, { timeout: 30_000 }).toBe(false);
        await stack.apply();
      });
      expect(killed.failed).toEqual({});
      expect(await processOf(stack, 'web-proxy')).toEqual(proxy);
      expect(await stack.plan()).toBe(NOTHING);
    }),
);

/** Name of the failure, the servers' new command, and the expected error. */
const BROKEN: [string, string[], RegExp][] = [
  ['ends at once', ['busybox', 'false'], /web-spare-1: it ended with 1/],
  [
    'is never healthy',
    ['busybox', 'httpd', '-f', '-p', '80', '-h', '/proc'],
    /web-spare-1: it is not well after 5 s: status 404/,
  ],
  [
    'listens elsewhere',
    ['busybox', 'httpd', '-f', '-p', '81', '-h', '/'],
    /web-spare-1: it is not well after 5 s: connection refused/,
  ],
];

it(
  'stops a bad rolling update at the first server, and continues once it is fixed',
  { timeout: 300_000 },
  () =>
    underLoad(
      async (stack, load) => {
        const before = await servers(stack);
        for (const [what, command, error] of BROKEN) {
          const counts = await during(what, load, async () => {
            stack.write(farm({ replicas: 2, servers: { command } }));
            const { code, stderr } = await stack.run('apply', '-y');
            expect(code).toBe(1);
            expect(stderr).toMatch(error);
          });
          expect(counts.failed).toEqual({});
          expect(headings(await stack.plan())).toEqual([
            expect.stringMatching(/^container.web-spare-1 will be updated in-place \(spare during/),
            'container.web-server-1 must be replaced (command changed, batch 1 of 2)',
            'container.web-server-2 must be replaced (command changed, batch 2 of 2)',
          ]);
        }
        expect(await servers(stack)).toEqual(before);

        stack.write(farm({ replicas: 2, version: 'v2' }));
        const cut = await during('cut off in the middle', load, () =>
          cutOff(stack, () => stack.pids('farm.web-server-1').length === 0),
        );
        const rest = await during('the rest', load, () => stack.apply());
        expect([cut.failed, rest.failed]).toEqual([{}, {}]);
        await expect.poll(async () => versions(await load.count())).toEqual(['v2']);
        expect(await stack.plan()).toBe(NOTHING);
      },
      { replicas: 2 },
    ),
);
