import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { forwardPorts } from '../../../../src/host/linux/network/forward-ports.js';

/** A free TCP and UDP port. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

it('carries both directions of a connection, each to its end, from before there is a target', async () => {
  // answers only what has ended
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let question = '';
    socket.on('data', (data) => {
      question += data;
    });
    socket.on('end', () => socket.end(`got ${question}`));
  }).listen(0, '127.0.0.2');
  await once(server, 'listening');
  const { port: target } = server.address() as AddressInfo;
  const published = await freePort();
  const ports = await forwardPorts([{ host_ip: '127.0.0.1', published, target }]);
  const client = connect({ host: '127.0.0.1', port: published, allowHalfOpen: true });
  client.end('a question');
  const answer = text(client);
  ports.leadTo('127.0.0.2');
  expect(await answer).toBe('got a question');
  ports.close();
  server.close();
  const late = connect({ host: '127.0.0.1', port: published });
  await expect(once(late, 'connect')).rejects.toThrow('ECONNREFUSED');
});

it('closes a connection to a target that does not answer, and stays open', async () => {
  const [published, target] = [await freePort(), await freePort()];
  const ports = await forwardPorts([{ host_ip: '127.0.0.1', published, target }]);
  ports.leadTo('127.0.0.2');
  for (let i = 0; i < 2; i += 1) {
    const client = connect({ host: '127.0.0.1', port: published });
    client.on('error', () => undefined).resume();
    await once(client, 'close');
  }
  ports.close();
});

it('carries packets of each client and the answers', async () => {
  const server = createSocket('udp4');
  server.on('message', (data, { port, address }) => server.send(`got ${data}`, port, address));
  server.bind(0, '127.0.0.2');
  await once(server, 'listening');
  const published = await freePort();
  const target = server.address().port;
  const ports = await forwardPorts([{ host_ip: '127.0.0.1', published, target, protocol: 'udp' }]);
  ports.leadTo('127.0.0.2');
  const ask = async (question: string) => {
    const client = createSocket('udp4');
    client.send(question, published, '127.0.0.1');
    const [answer] = await once(client, 'message');
    client.close();
    return String(answer);
  };
  expect(await Promise.all(['a', 'b'].map(ask))).toEqual(['got a', 'got b']);
  ports.close();
  server.close();
});

it('opens none if one is taken', async () => {
  const [published, taken] = [await freePort(), await freePort()];
  const other = createServer().listen(taken, '127.0.0.1');
  await once(other, 'listening');
  const open = forwardPorts([
    { host_ip: '127.0.0.1', published, target: 80 },
    { host_ip: '127.0.0.1', published: taken, target: 80 },
  ]);
  await expect(open).rejects.toThrow(`cannot publish 127.0.0.1:${taken}: `);
  const client = connect({ host: '127.0.0.1', port: published });
  await expect(once(client, 'connect')).rejects.toThrow('ECONNREFUSED');
  other.close();
});
