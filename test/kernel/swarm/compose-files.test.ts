import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { poll } from '../../../src/model/poll.js';
import { inPrivateHost } from '../../support/private-host.js';
import { lackingAny } from '../../support/skip.js';
import { type SwarmNode, withSwarm } from '../../support/swarm.js';
import { NOTHING } from '../stack/stack.js';

const skip = lackingAny('dockerd', 'docker');

/** An ordinary compose file, but for its image, which is one of this host. */
const ORDINARY = `
x-baleine:
  images: { box: { from: { host: { binaries: [/bin/busybox] } } } }
x-box: &box { x-baleine: { image: box }, stop_signal: SIGKILL }
services:
  web:
    <<: *box
    command: busybox httpd -f -p 80 -h /run
    ports: ["8080:80"]
    depends_on: { db: { condition: service_healthy } }
    deploy: { placement: { constraints: [node.role == worker] } }
    configs: [{ source: page, target: /run/index.html }]
  db:
    <<: *box
    command: ["busybox", "sh", "-c", "busybox date >/data/started; exec busybox sleep 1000"]
    volumes: ["data:/data"]
    secrets: [password]
    environment: { LEVEL: "\${LEVEL:-info}" }
    healthcheck: { test: [CMD, busybox, test, -s, /data/started], interval: 1s }
    deploy: { resources: { limits: { memory: 64M } } }
  agent:
    <<: *box
    command: busybox sleep 1000
    deploy: { mode: global }
configs: { page: { content: "a page\\n" } }
secrets: { password: { file: ./password } }
volumes: { data: }
`;

describe.skipIf(skip)('a compose file on a swarm', () => {
  it(
    'runs as it is, or is refused with reasons',
    inPrivateHost((host) =>
      withSwarm(host, 2, async (nodes) => {
        const [manager, worker] = nodes as [SwarmNode, SwarmNode];
        const on = (folder: string, ...words: string[]) =>
          host.baleine(['--engine', 'swarm', '--host', manager.url, ...words], {
            ...{ cwd: join(host.dir, folder), reject: false, timeout: 120_000 },
          });
        const reasons: Record<string, string> = {};
        for (const each of ['compose', 'node-app', 'postgres', 'redis', 'wordpress']) {
          cpSync(join('examples', each), join(host.dir, each), { recursive: true });
          const { code, stderr } = await on(each, 'plan');
          expect(code).toBe(1);
          reasons[each] = stderr.replaceAll(`${host.dir}/`, '');
        }
        expect(reasons).toMatchInlineSnapshot(`
          {
            "compose": "Error: compose.yaml:14:5: a swarm cannot have publish: Docker publishes on all addresses of a node, not on 127.0.0.1 alone
            Change or remove them, or leave the stack to this host: engine: local
          ",
            "node-app": "Error: compose.yaml:17:5: a swarm cannot have publish: Docker publishes on all addresses of a node, not on 127.0.0.1 alone
            Change or remove them, or leave the stack to this host: engine: local
          ",
            "postgres": "Error: compose.yaml:16:5: a swarm cannot have publish: Docker publishes on all addresses of a node, not on 127.0.0.1 alone
            Change or remove them, or leave the stack to this host: engine: local
          ",
            "redis": "Error: compose.yaml:13:5: a swarm cannot have publish: Docker publishes on all addresses of a node, not on 127.0.0.1 alone
            Change or remove them, or leave the stack to this host: engine: local
          ",
            "wordpress": "Error: compose.yaml:45:5: a swarm cannot have publish: Docker publishes on all addresses of a node, not on 127.0.0.1 alone
            Change or remove them, or leave the stack to this host: engine: local
          ",
          }
        `);

        mkdirSync(join(host.dir, 'shop'));
        writeFileSync(join(host.dir, 'shop/compose.yaml'), ORDINARY);
        writeFileSync(join(host.dir, 'shop/password'), 'one');
        const nodesOf = { [worker.name]: worker.url };
        const more = `x-baleine: { swarm: { nodes: ${JSON.stringify(nodesOf)} } }\n`;
        writeFileSync(join(host.dir, 'shop/compose.override.yaml'), more);
        const done = async (...words: string[]) => {
          const { code, stdout, stderr } = await on('shop', ...words);
          expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
          return stdout;
        };
        expect(await on('shop', 'up', '-d')).toMatchObject({ code: 0 });
        expect(await done('plan')).toMatch(NOTHING);
        expect(await host.http(`http://${worker.address}:8080/`)).toBe('a page\n');
        const tasks = JSON.parse(await done('ps', '--json'));
        const placed = (service: string) =>
          tasks
            .filter((each: { service: string }) => each.service === service)
            .map(({ node }: { node: string }) => node)
            .sort();
        expect(placed('agent')).toEqual([manager.name, worker.name].sort());
        expect(placed('web')).toEqual([worker.name]);
        await done('down');
        const none = async () =>
          (await manager.docker('ps', '-aq')) + (await worker.docker('ps', '-aq'));
        expect(await poll(none, { until: (ids) => ids === '', limit: 30_000, pause: 500 })).toBe(
          '',
        );

        // an example, with another port
        const ports = 'services: { web: { ports: !override ["8090:80"] } }\n';
        writeFileSync(join(host.dir, 'compose/compose.override.yaml'), `${more}${ports}`);
        expect(await on('compose', 'up', '-d')).toMatchObject({ code: 0 });
        expect((await on('compose', 'plan')).stdout).toMatch(NOTHING);
        for (const { address } of nodes) {
          expect(await host.http(`http://${address}:8090/`)).toContain('It works.');
        }
        expect(await on('compose', 'down', '-v')).toMatchObject({ code: 0 });
        rmSync(host.root, { recursive: true });
      }),
    ),
    300_000,
  );
});
