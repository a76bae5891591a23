import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { poll } from '../../../src/model/poll.js';
import { inPrivateHost } from '../../support/private-host.js';
import { lackingAny } from '../../support/skip.js';
import { type SwarmNode, withSwarm } from '../../support/swarm.js';
import { Stack } from '../stack/stack.js';

const skip = lackingAny('dockerd', 'docker');

/** The tables below a root, which may have folders and the key of its digests. */
const recordsIn = (root: string) =>
  existsSync(root)
    ? readdirSync(root, { recursive: true }).filter((each) => String(each).endsWith('.csv'))
    : [];

const file = (host: string, more: object = {}) => ({
  name: 'shop',
  engine: 'swarm',
  swarm: { host },
  images: { box: { from: { host: { binaries: ['/bin/busybox'] } } } },
  containers: { a: { image: 'box', command: ['busybox', 'sleep', '100'] } },
  ...more,
});

describe.skipIf(skip)('a stack that a swarm cannot have', () => {
  it(
    'is refused with its reason, and nothing is changed',
    inPrivateHost((host) =>
      withSwarm(
        host,
        3,
        async (nodes) => {
          const [manager, worker, alone] = nodes as [SwarmNode, SwarmNode, SwarmNode];
          const errorOf = async (content: ReturnType<typeof file>) => {
            const stack = new Stack(host, content);
            const { code, stderr } = await stack.run('apply', '-y');
            expect(code).toBe(1);
            expect(recordsIn(host.root)).toEqual([]);
            return stderr;
          };
          const local = await new Stack(host, file(manager.url)).run('run', 'a');
          expect(local.stderr).toMatch(/cannot do this: a swarm runs the stack, not this host/);
          const placed = { constraints: ['node.role == worker'] };
          const box = { ...file(manager.url).containers.a, placement: placed };
          const here = new Stack(host, file(manager.url, { containers: { a: box } }));
          expect(await here.done('--engine', 'local', 'plan')).toMatch(
            /baleine\.yaml:\d+:\d+: placement has no effect: this host is the only one/,
          );
          expect(await errorOf(file('unix:///run/none.sock'))).toBe(
            'Error: cannot reach Docker at unix:///run/none.sock: there is no such socket\n' +
              '  Another host: swarm.host in the file, or DOCKER_HOST.\n',
          );
          expect(await errorOf(file('tcp://127.0.0.1:1'))).toMatch(/nothing listens there/);
          expect(await errorOf(file(worker.url))).toMatch(
            /it is a worker of its swarm\n {2}Name the engine of a manager: they are 10\.200\.0\.1:2377/,
          );
          expect(await errorOf(file(alone.url))).toMatch(/its engine is in no swarm/);
          writeFileSync(`${host.dir}/ca.pem`, '');
          const tls = { swarm: { host: 'tcp://127.0.0.1:1', certificates: host.dir } };
          expect(await errorOf(file('', tls))).toMatch(/cannot read .*cert\.pem/);
          const containers = {
            a: { image: 'box', devices: ['/dev/fuse'], limits: { cpuset: '0' }, userns: 'auto' },
          };
          const refused = await errorOf(file(manager.url, { containers }));
          expect(refused).toMatch(/:\d+:\d+: a swarm cannot have devices: /);
          expect(refused).toMatch(/a swarm cannot have limits: a service has no limit cpuset/);
          expect(refused).toMatch(/a swarm cannot have userns: /);
          // a name that somebody else's service has
          await manager.docker('service', 'create', '-d', '--name', 'shop_a', 'none:1');
          expect(await errorOf(file(manager.url))).toMatch(
            /cannot create service\.a: the swarm has a service shop_a that baleine has not made/,
          );
          // of two managers, one is less than the majority
          await manager.docker('node', 'promote', worker.name);
          const list = () => manager.docker('node', 'ls', '--format', '{{.ManagerStatus}}');
          const isManager = (roles: string) => roles.includes('Reachable');
          await poll(list, { until: isManager, limit: 30_000, pause: 250 });
          await worker.kill();
          const lost = (error: string) => !error.includes('shop_a');
          const error = () => errorOf(file(manager.url));
          expect(await poll(error, { until: lost, limit: 60_000, pause: 500 })).toMatch(
            /^Error: cannot .*\n {2}More than half of the managers must be up: docker node ls on each\.\n$/,
          );
          rmSync(host.root, { recursive: true });
        },
        { joined: 2 },
      ),
    ),
    300_000,
  );
});
