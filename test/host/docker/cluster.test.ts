import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { dockerCluster } from '../../../src/host/docker/cluster.js';

const dir = mkdtempSync(join(tmpdir(), 'cluster-'));
const socket = join(dir, 'docker.sock');
let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  rmSync(socket, { force: true });
});

afterAll(() => rmSync(dir, { recursive: true }));

/** A manager of a cluster with this many services, each with a secret. @returns what it is asked for */
async function manager(count: number): Promise<string[]> {
  const numbers = Array.from({ length: count }, (_, at) => at);
  const named = (kind: string) =>
    numbers.map((at) => ({ ID: `${kind}${at}`, Spec: { Name: `${kind}-${at}` } }));
  const answers: Record<string, unknown> = {
    '/version': { Version: '20.10', ApiVersion: '1.41', MinAPIVersion: '1.12' },
    '/info': {
      Name: 'one',
      Swarm: {
        LocalNodeState: 'active',
        ControlAvailable: true,
        NodeID: 'n1',
        Cluster: { ID: 'c1' },
      },
    },
    '/nodes': [{ ID: 'n1', Description: { Hostname: 'one' }, Status: { State: 'ready' } }],
    '/networks': [],
    '/secrets': named('secret'),
    '/configs': [],
    '/services': named('service'),
    '/images/json': [{ RepoTags: ['baleine/shop-web:1'] }],
  };
  const asked: string[] = [];
  server = createServer(({ url = '' }, response) => {
    const path = url.replace(/^\/v[\d.]+/, '').replace(/\?.*$/, '');
    asked.push(path);
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(answers[path] ?? { message: `no ${path}` }));
  });
  await new Promise<void>((resolve) => server?.listen(socket, resolve));
  return asked;
}

describe('a look at a cluster', () => {
  it.each([1, 200])('with %d services asks as often', async (count) => {
    const asked = await manager(count);
    const cluster = dockerCluster({
      manager: { host: `unix://${socket}` },
      nodes: {},
      registryAuth: false,
    });
    const found = await cluster.look(['baleine/shop-web', 'baleine/shop-proxy']);
    expect(found.services).toHaveLength(count);
    expect(found.images).toEqual({ one: ['baleine/shop-web:1'] });
    expect(asked.sort()).toEqual([
      ...['/configs', '/images/json', '/info', '/networks'],
      ...['/nodes', '/secrets', '/services', '/version'],
    ]);
  });
});
