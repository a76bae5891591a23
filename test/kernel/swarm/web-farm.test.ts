import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { poll } from '../../../src/model/poll.js';
import { MODERATE, startLoad } from '../../support/load.js';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { lackingAny } from '../../support/skip.js';
import { type SwarmNode, withSwarm } from '../../support/swarm.js';
import { headings, Stack } from '../stack/stack.js';

const skip = lackingAny('dockerd', 'docker', 'skopeo', 'haproxy');

const NOTHING = /^No changes\./;

/** Milliseconds for everything, with dockerds that start side by side. */
const LONG = 900_000;

const SERVE =
  'busybox mkdir -p /srv; echo "$(busybox hostname) $(busybox cat /page) $(busybox cat /run/secrets/token)" >/srv/index.html; exec busybox httpd -f -p 80 -h /srv';

interface Wanted {
  page?: string;
  token?: string;
  servers?: object;
  proxy?: object;
  back?: object;
  update?: object;
}

function farm(nodes: SwarmNode[], { token = 'one', servers, proxy, back, update }: Wanted = {}) {
  const [first, ...others] = nodes;
  return {
    name: 'shop',
    engine: 'swarm',
    swarm: {
      host: first?.url,
      nodes: Object.fromEntries(others.map(({ name, url }) => [name, url])),
    },
    images: {
      box: { size: '64M', from: { host: { binaries: ['/bin/busybox'] } } },
      web: { from: { image: 'box' }, copy: [{ from: './page', to: '/page' }] },
      proxy: { size: '128M', from: { host: { binaries: ['/usr/sbin/haproxy'] } } },
    },
    bridges: {
      front: { subnet: '10.77.1.0/24' },
      back: { subnet: '10.77.2.0/24', isolated: true, ...back },
    },
    secrets: { token: { file: `./token-${token}` } },
    farms: {
      web: {
        servers: {
          ...{ image: 'web', replicas: 3, port: 80, bridges: ['back'], secrets: ['token'] },
          ...{ command: ['busybox', 'sh', '-c', SERVE], stop_signal: 'SIGKILL' },
          limits: { memory: '64M' },
          ...servers,
        },
        proxy: {
          image: 'proxy',
          engine: 'haproxy',
          listen: 80,
          bridges: ['front', 'back'],
          ...proxy,
        },
        update: { failure_action: 'rollback', ...update },
      },
    },
  };
}

/** The headings of a plan, without the versions in names. */
const planned = (plan: string) =>
  headings(plan).map((each) => each.replace(/([-:])[0-9a-f]{10,12}\b/g, '$1VERSION'));

/** The pages of some requests to a node, each once. */
async function pagesOf(host: PrivateHost, { address }: SwarmNode): Promise<string[]> {
  const pages = new Set<string>();
  for (let at = 0; at < 12; at++) pages.add(await host.http(`http://${address}/`));
  return [...pages];
}

/** A proxy asks for its servers each second. */
async function answering(
  host: PrivateHost,
  node: SwarmNode,
  servers: number,
  form = /./,
): Promise<void> {
  const isComplete = (pages: string[]) =>
    pages.length === servers && pages.every((each) => form.test(each));
  const pages = await poll(() => pagesOf(host, node).catch(() => []), {
    ...{ until: isComplete, limit: 60_000, pause: 500 },
  });
  expect(pages).toHaveLength(servers);
  for (const each of pages) expect(each).toMatch(form);
}

/** What a node has of baleine's: networks, secrets, configs, services, containers, images. */
async function left({ docker }: SwarmNode, isManager: boolean): Promise<string> {
  const ofSwarm = isManager ? ['service', 'secret', 'config'] : [];
  const found = await Promise.all([
    ...ofSwarm.map((each) => docker(each, 'ls', '-q')),
    docker('network', 'ls', '-q', '--filter', 'label=baleine.stack'),
    docker('ps', '-aq'),
    docker('images', '-q'),
  ]);
  return found.join('').trim();
}

describe.skipIf(skip)('a web farm on a swarm of three nodes', () => {
  it(
    'is planned, changed without a lost request, healed, rolled back and destroyed',
    inPrivateHost((host) =>
      withSwarm(host, 3, async (nodes) => {
        const [first, second, third] = nodes as [SwarmNode, SwarmNode, SwarmNode];
        const page = (text: string) => writeFileSync(join(host.dir, 'page'), text);
        page('v1');
        for (const each of ['one', 'two']) writeFileSync(join(host.dir, `token-${each}`), each);
        const stack = new Stack(host, farm(nodes));

        expect(planned(await stack.done('plan'))).toMatchInlineSnapshot(`
          [
            "image.box will be created (new)",
            "image.web will be created (new)",
            "image.proxy will be created (new)",
            "network.front will be created (new)",
            "network.back will be created (new)",
            "secret.token-VERSION will be created (new)",
            "config.web-proxy-VERSION will be created (new)",
            "service.web-server will be created (new)",
            "service.web-proxy will be created (new)",
          ]
        `);
        await stack.done('apply', '-y');
        for (const node of nodes) await answering(host, node, 3);
        expect(await stack.done('plan')).toMatch(NOTHING);
        const tasks = JSON.parse(await stack.done('ps', '--json'));
        const servers = tasks.filter(
          ({ service }: { service: string }) => service === 'web-server',
        );
        expect(servers.map(({ node }: { node: string }) => node).sort()).toEqual(
          nodes.map(({ name }) => name).sort(),
        );
        expect(await stack.done('ps', '-q')).toContain(
          'web-server.1\nweb-server.2\nweb-server.3\n',
        );

        const change = async (wanted: Wanted) => {
          stack.write(farm(nodes, wanted));
          const plan = planned(await stack.done('plan'));
          await stack.done('apply', '-y');
          expect(await stack.done('plan')).toMatch(NOTHING);
          return plan;
        };
        const load = startLoad(`http://${first.address}/`, host.pid, MODERATE);
        try {
          expect(await change({ servers: { limits: { memory: '96M' } } })).toMatchInlineSnapshot(`
            [
              "service.web-server will be updated in-place (limits.memory 64M → 96M)",
            ]
          `);
          page('v2');
          expect(await change({ servers: { limits: { memory: '96M' } } })).toMatchInlineSnapshot(`
            [
              "image.web will be updated in-place (content of its local files has changed, reference baleine/shop-web:VERSION → baleine/shop-web:VERSION)",
              "service.web-server will be updated in-place (image baleine/shop-web:VERSION → baleine/shop-web:VERSION)",
            ]
          `);
          await answering(host, second, 3, /^[0-9a-f]+ v2 one\n$/);
          expect(
            await change({ servers: { limits: { memory: '96M' }, replicas: 5 } }),
          ).toMatchInlineSnapshot(`
            [
              "service.web-server will be updated in-place (replicas 3 → 5)",
            ]
          `);
          await answering(host, third, 5);
          const { requests, failed } = await load.count();
          expect(failed).toEqual({});
          expect(requests).toBeGreaterThan(1000);
        } finally {
          await load.stop();
        }
        const grown = { servers: { replicas: 5 } };
        await change(grown);
        expect(await change({ ...grown, proxy: { balance: 'leastconn' } })).toMatchInlineSnapshot(`
          [
            "config.web-proxy-VERSION will be created (new)",
            "service.web-proxy will be updated in-place (configs changed)",
            "config.web-proxy-VERSION will be destroyed (no longer in the file)",
          ]
        `);
        expect(await change({ ...grown, token: 'two' })).toMatchInlineSnapshot(`
          [
            "secret.token-VERSION will be created (new)",
            "config.web-proxy-VERSION will be created (new)",
            "service.web-server will be updated in-place (secrets changed)",
            "service.web-proxy will be updated in-place (configs changed)",
            "config.web-proxy-VERSION will be destroyed (no longer in the file)",
            "secret.token-VERSION will be destroyed (no longer in the file)",
          ]
        `);
        await answering(host, first, 5, /^[0-9a-f]+ v2 two\n$/);
        expect(
          await change({ ...grown, token: 'two', back: { isolated: false } }),
        ).toMatchInlineSnapshot(`
          [
            "network.back-1b3f0d will be created (new)",
            "service.web-server will be updated in-place (networks {"shop_back":["web-server"]} → {"shop_back-1b3f0d":["web-server"]})",
            "service.web-proxy will be updated in-place (networks changed)",
            "network.back will be destroyed (no longer in the file)",
          ]
        `);
        await answering(host, first, 5);

        // somebody else's change
        await first.docker('service', 'update', '--limit-memory', '32M', 'shop_web-server');
        expect(planned(await stack.done('plan'))).toMatchInlineSnapshot(`
          [
            "service.web-server will be updated in-place (limits.memory 64M became 32M on the swarm)",
          ]
        `);
        await stack.done('apply', '-y', '--quiet');
        expect(await stack.done('plan')).toMatch(NOTHING);

        // a version that cannot run
        const broken = { command: ['busybox', 'false'] };
        const asked = { ...grown, token: 'two', back: { isolated: false } };
        stack.write(farm(nodes, { ...asked, servers: { replicas: 5, ...broken } }));
        const failed = await stack.run('apply', '-y');
        expect(failed.code).toBe(1);
        expect(failed.stderr).toMatch(/service\.web-server: the update was rolled back/);
        await answering(host, first, 5);
        await stack.done('apply', '-y');
        expect(await stack.done('plan')).toMatch(
          /^No changes[\s\S]*service\.web-server was rolled back/,
        );
        stack.write(farm(nodes, asked));
        await stack.done('apply', '-y');

        await third.kill();
        const answers = () => pagesOf(host, second).catch(() => []);
        const back = await poll(answers, {
          until: (all) => all.length > 1,
          limit: 20_000,
          pause: 500,
        });
        expect(back.length).toBeGreaterThan(1);
        const said = () => stack.done('ps');
        expect(
          await poll(said, { until: (text) => / \(down\)/.test(text), limit: 60_000, pause: 1000 }),
        ).toMatch(/\(down\)/);

        stack.write(farm([first, second], asked));
        await stack.done('destroy', '-y');
        const none = () => Promise.all([left(first, true), left(second, false)]);
        const isEmpty = (all: string[]) => all.every((each) => each === '');
        expect(await poll(none, { until: isEmpty, limit: 60_000, pause: 1000 })).toEqual(['', '']);
        const [cluster = ''] = readdirSync(join(host.root, 'swarm'));
        expect(readdirSync(join(host.root, 'swarm', cluster))).toEqual(['destroyed.csv']);
        rmSync(host.root, { recursive: true });
      }),
    ),
    LONG,
  );
});
