import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { poll } from '../../../src/model/poll.js';
import { inPrivateHost, MAIN, type PrivateHost } from '../../support/private-host.js';
import { lackingAny } from '../../support/skip.js';
import { type SwarmNode, withSwarm } from '../../support/swarm.js';
import { Background } from '../stack/background.js';
import { headings, Stack } from '../stack/stack.js';

const skip = lackingAny('dockerd', 'docker', 'skopeo', 'haproxy');

const NOTHING = /^No changes\./;

/** Milliseconds for everything, with dockerds that start side by side. */
const LONG = 600_000;

const SERVE =
  'busybox mkdir -p /srv; echo "$(busybox hostname) $RELEASE" >/srv/index.html; exec busybox httpd -f -p 80 -h /srv';

/** Its output ends with the container's. */
const TALK = 'busybox cat /page; for n in 1 2; do echo line $n; done; exec busybox sleep 1000';

interface Task {
  node: string;
  state: string;
}

interface Wanted {
  servers?: object;
  replicas?: number;
}

function shop([first, second]: SwarmNode[], { servers, replicas = 2 }: Wanted = {}) {
  return {
    name: 'shop',
    engine: 'swarm',
    swarm: { host: first?.url, nodes: { [second?.name ?? '']: second?.url } },
    images: {
      box: { size: '64M', from: { host: { binaries: ['/bin/busybox'] } } },
      said: { from: { image: 'box' }, copy: [{ from: './page', to: '/page' }] },
      proxy: { size: '128M', from: { host: { binaries: ['/usr/sbin/haproxy'] } } },
    },
    bridges: { back: { subnet: '10.77.2.0/24' } },
    containers: {
      talk: {
        image: 'said',
        command: ['busybox', 'sh', '-c', TALK],
        stop_signal: 'SIGKILL',
      },
    },
    farms: {
      web: {
        servers: {
          ...{ image: 'box', replicas, port: 80, bridges: ['back'], stop_signal: 'SIGKILL' },
          ...{ command: ['busybox', 'sh', '-c', SERVE], environment: { RELEASE: 'one' } },
          ...servers,
        },
        proxy: { image: 'proxy', engine: 'haproxy', listen: 80, bridges: ['back'] },
      },
    },
  };
}

/** Waits until this many servers answer, each with a page of this form. */
async function answering(
  host: PrivateHost,
  node: SwarmNode | undefined,
  servers: number,
  form = /./,
): Promise<void> {
  const look = async () => {
    const pages = new Set<string>();
    for (let at = 0; at < 12; at++) pages.add(await host.http(`http://${node?.address}/`));
    return [...pages];
  };
  const isComplete = (pages: string[]) =>
    pages.length === servers && pages.every((each) => form.test(each));
  const pages = await poll(() => look().catch(() => []), {
    ...{ until: isComplete, limit: 60_000, pause: 500 },
  });
  expect(pages).toHaveLength(servers);
  for (const each of pages) expect(each).toMatch(form);
}

describe.skipIf(skip)('commands for a stack on a swarm', () => {
  it(
    'show it, scale it and roll it back',
    inPrivateHost((host) =>
      withSwarm(host, 2, async (nodes) => {
        const [first] = nodes;
        const page = (text: string) => writeFileSync(join(host.dir, 'page'), `page ${text}\n`);
        page('one');
        const stack = new Stack(host, shop(nodes));
        await stack.done('up', '-d');
        await answering(host, first, 2, / one\n$/);
        expect(await stack.done('plan')).toMatch(NOTHING);

        // logs
        const talk = ['talk.1 | page one', 'talk.1 | line 1', 'talk.1 | line 2', ''].join('\n');
        expect(await stack.done('logs', 'talk')).toBe(talk);
        expect(await stack.done('logs', '--tail', '1', 'talk')).toBe('talk.1 | line 2\n');

        const following = new Background(host, stack.file, 'logs', '-f', '--tail', '1', 'talk');
        await following.says('talk.1 | line 2');
        following.signal('SIGINT');
        await following.ended;
        expect(following.output).not.toContain('line 1');

        // up in the foreground
        const up = new Background(host, stack.file, 'up');
        await up.says(NOTHING);
        up.signal('SIGINT');
        expect(await up.code()).toBe(130);
        expect(up.output).toContain('The services run on; `baleine down` stops and removes them.');
        expect((await stack.run('up', '--exit-code-from', 'talk')).stderr).toMatch(
          /cannot take --exit-code-from on a swarm: `up` stops no services there/,
        );
        const tasks = JSON.parse(await stack.done('ps', '--json'));
        expect(tasks.map(({ state }: { state: string }) => state)).toEqual(
          Array.from({ length: 5 }, () => 'running'),
        );

        // farm status
        const names = nodes.map(({ name }) => name).sort();
        const status = await stack.done('farm', 'status', 'web');
        expect(status).toMatch(/^farm web: 2 of 2 servers run, 2 of 2 proxies \(web-proxy\)\n/);
        const [farm] = JSON.parse(await stack.done('farm', 'status', '--json'));
        expect(farm).toMatchObject({
          ...{ name: 'web', stack: 'shop', proxy: 'web-proxy' },
          desired: { servers: 2, proxies: 2 },
        });
        const about = (all: Task[]) => all.map(({ node, state }) => `${node} ${state}`).sort();
        expect(about(farm.proxies)).toEqual(names.map((name) => `${name} running`));
        expect(farm.servers.map(({ state }: Task) => state)).toEqual(['running', 'running']);
        expect((await stack.run('farm', 'status', 'none')).stderr).toMatch(
          /cannot find farm none\n {2}There is: web/,
        );

        // graph
        const graph = await stack.done('graph', '--format', 'mermaid');
        expect(graph).toMatch(/\{\{"back<br>overlay"\}\}/);
        expect(graph).toMatch(/subgraph f1\["farm web"\]/);
        expect(graph).toMatch(/\["web-server<br>2 of 2 tasks<br>image baleine\/shop-box:/);
        expect(graph).toMatch(/\["web-proxy<br>2 of 2 tasks<br>[^\]]*<br>port 80 → 80"\]/);
        expect(await stack.done('graph')).toContain('3 services: 3 ok');

        // ls, which asks no cluster
        const listed = JSON.parse(await stack.done('ls', '--json'));
        expect(listed).toEqual([
          {
            ...{ name: 'shop', engine: 'swarm', cluster: expect.any(String), containers: {} },
            ...{ resources: 8, file: stack.file },
          },
        ]);
        expect(await stack.done('ls')).toMatch(/^NAME +ENGINE +STATUS +FILE\nshop +swarm +- +\//);

        // the same stack in another root
        const elsewhere = [MAIN, '--root', join(host.dir, 'other'), '--file', stack.file];
        const other = (command: string) =>
          host.run(process.execPath, [...elsewhere, command, '-y'], { reject: false });
        const refused = await other('apply');
        expect(refused.code).toBe(1);
        expect(refused.stderr).toContain(
          'cannot create service.talk: the swarm has a service shop_talk of a stack shop of another root',
        );
        expect((await other('destroy')).code).toBe(0);
        expect(await stack.done('plan')).toMatch(NOTHING);

        // scale
        await stack.done('scale', 'web=3', 'talk=2');
        await answering(host, first, 3);
        const scaled = await stack.done('plan');
        expect(scaled).toMatch(NOTHING);
        expect(scaled).toContain(
          'service.web-server is scaled to 3 by `baleine scale`; the file has 2',
        );
        await stack.done('apply', '-y');
        const named = await stack.done('ps', '-q');
        expect(named).toContain('talk.1\ntalk.2\n');
        expect(named).toContain('web-server.1\nweb-server.2\nweb-server.3\n');
        expect((await stack.run('scale', 'none=1')).stderr).toBe(
          'Error: cannot scale none: no farm or container of that name in stack shop\n' +
            '  There is: talk, web\n',
        );
        // the number of the file changes
        stack.write(shop(nodes, { replicas: 1 }));
        expect(headings(await stack.done('plan'))).toEqual([
          'service.web-server will be updated in-place (replicas 3 → 1)',
        ]);
        stack.write(shop(nodes));
        await stack.done('scale', 'talk=file', 'web=file');

        // rollback
        const two = { servers: { environment: { RELEASE: 'two' } } };
        stack.write(shop(nodes, two));
        page('two');
        await stack.done('apply', '-y');
        await answering(host, first, 2, / two\n$/);
        expect(headings(await stack.done('rollback', '-y', 'web'))).toEqual([
          'service.web-server will be updated in-place (environment.RELEASE two → one, rolled back)',
        ]);
        await answering(host, first, 2, / one\n$/);
        await stack.done('rollback', '-y', 'talk');
        const said = () => stack.done('logs', '--tail', '3', 'talk');
        expect(await said()).toContain('page one\n');
        for (const round of ['plan', 'apply -y', 'plan']) {
          const text = await stack.done(...round.split(' '));
          expect(text).toMatch(NOTHING);
          expect(text).toContain(
            'service.web-server is rolled back: the file asks for another environment',
          );
        }
        expect((await stack.run('rollback', '-y', 'web')).stderr).toMatch(
          /cannot roll back web: it is already rolled back/,
        );
        await stack.done('scale', 'web=3');
        await answering(host, first, 3, / one\n$/);
        await stack.done('scale', 'web=file');
        await stack.done('rollback', '--undo', 'web');
        expect(headings(await stack.done('plan'))).toEqual([
          'service.web-server will be updated in-place (environment.RELEASE one → two)',
        ]);
        await stack.done('apply', '-y');
        await answering(host, first, 2, / two\n$/);

        // events
        const events = (await stack.done('events', '--json'))
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line));
        const ofServers = events.filter(({ address }) => address === 'service.web-server');
        expect(ofServers.map(({ action, result }) => `${action} ${result}`)).toEqual([
          'create done',
          ...Array.from({ length: 7 }, () => 'update done'),
        ]);
        expect(ofServers.at(-1)).toMatchObject({
          ...{ stack: 'shop', drift: false, reasons: ['environment.RELEASE one → two'] },
        });
        expect(await stack.done('events', '-n', '1')).toMatch(/service\.web-server/);

        // what is for containers of this host alone
        for (const words of ['exec talk true', 'stop talk', 'stats', 'job list', 'run talk']) {
          const { code, stderr } = await stack.run(...words.split(' '));
          expect([words, code]).toEqual([words, 1]);
          expect(stderr).toMatch(/^Error: cannot do this: a swarm runs the stack, not this host\n/);
        }

        await stack.done('destroy', '-y');
        rmSync(host.root, { recursive: true });
      }),
    ),
    LONG,
  );
});
