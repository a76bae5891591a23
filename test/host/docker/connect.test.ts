import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { connect } from '../../../src/host/docker/connect.js';

const dir = mkdtempSync(join(tmpdir(), 'engine-'));
const socket = join(dir, 'docker.sock');
const servers: Server[] = [];

afterEach(() => {
  for (const each of servers.splice(0)) {
    each.closeAllConnections();
    each.close();
  }
  rmSync(socket, { force: true });
});

afterAll(() => rmSync(dir, { recursive: true }));

/** An engine with these versions of its API, which records what it is asked for. */
async function engine(version: object): Promise<string[]> {
  const asked: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    asked.push(url);
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(/version$/.test(url) ? version : []));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return asked;
}

const listNodes = () =>
  connect({ host: `unix://${socket}` }).ask('list the nodes', (docker) => docker.listNodes());

describe('a connection to Docker', () => {
  it('speaks the oldest version of the API that both know', async () => {
    const asked = await engine({ Version: '29.1', ApiVersion: '1.52', MinAPIVersion: '1.44' });
    await listNodes();
    expect(asked).toEqual(['/version', '/v1.44/nodes']);
  });

  it('speaks that of Docker 20.10 if it may, and agrees on it once', async () => {
    const asked = await engine({ Version: '26.0', ApiVersion: '1.45', MinAPIVersion: '1.12' });
    const connection = connect({ host: `unix://${socket}` });
    const ask = () => connection.ask('list the nodes', (docker) => docker.listNodes());
    await Promise.all([ask(), ask()]);
    expect(asked).toEqual(['/version', '/v1.41/nodes', '/v1.41/nodes']);
  });

  it('refuses an engine that is too old', async () => {
    await engine({ Version: '19.03.15', ApiVersion: '1.40', MinAPIVersion: '1.12' });
    await expect(listNodes()).rejects.toMatchObject({
      message: `cannot use Docker at unix://${socket}: version 19.03.15 is too old`,
      hint: 'Docker 20.10 or newer is needed.',
    });
  });

  it.each(['ssh://', 'ssh://-oProxyCommand=x', 'ssh://a b', 'ssh://host/a;b', 'tcp://host', 'x'])(
    'refuses %s as a host',
    (host) => expect(() => connect({ host })).toThrow(/^cannot use ".*" as the host of a swarm$/),
  );
});
