import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, connect as open, type Socket } from 'node:net';
import { causeOf, UserError } from '../../../model/errors.js';
import { formatHostPort, type HostPort, isIp6 } from '../../../model/publish.js';

/** A port of the host, and that of a container. */
export interface ForwardedPort extends HostPort {
  target: number;
}

/** Ports of the host that this process listens on. */
export interface ForwardedPorts {
  /** Where they lead, without prefix length. Clients wait for it. */
  leadTo(address: string): void;
  /** Closes them, and all connections through them. */
  close(): void;
}

/**
 * Forwards ports of the host from this process: they are open as long as it lives, and no other run
 * has to know of them.
 *
 * @throws UserError if one cannot be listened on; then none is open
 */
export async function forwardPorts(ports: readonly ForwardedPort[]): Promise<ForwardedPorts> {
  let leadTo: (address: string) => void = () => undefined;
  const target = new Promise<string>((resolve) => {
    leadTo = resolve;
  });
  const closers: (() => void)[] = [];
  const close = () => {
    for (const each of closers) each();
  };
  try {
    for (const port of ports) {
      closers.push(await (port.protocol === 'udp' ? udp(port, target) : tcp(port, target)));
    }
  } catch (error) {
    close();
    throw error;
  }
  return { leadTo, close };
}

const cannot = (port: ForwardedPort, error: unknown) =>
  new UserError(`cannot publish ${formatHostPort(port)}: ${causeOf(error)}`);

async function tcp(port: ForwardedPort, target: Promise<string>): Promise<() => void> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, async (client) => {
    sockets.add(client.on('close', () => sockets.delete(client)));
    client.on('error', () => client.destroy());
    const host = await target;
    if (client.destroyed) return;
    const peer = open({ host, port: port.target, allowHalfOpen: true });
    sockets.add(peer.on('close', () => sockets.delete(peer)));
    // what one side has ended, the other may still answer
    client.pipe(peer).pipe(client);
    peer.on('error', () => client.destroy());
    client.on('error', () => peer.destroy());
  });
  server.listen({
    host: port.host_ip,
    port: port.published,
    ipv6Only: isIp6(port.host_ip),
    exclusive: true,
  });
  await once(server, 'listening').catch((error: unknown) => {
    throw cannot(port, error);
  });
  return () => {
    server.close();
    for (const each of sockets) each.destroy();
  };
}

/** Milliseconds without a packet after which a client counts as gone. */
const UDP_IDLE = 60_000;
/** Clients at a time; a further one takes the place of the oldest. */
const UDP_CLIENTS = 1024;

async function udp(port: ForwardedPort, target: Promise<string>): Promise<() => void> {
  const type = isIp6(port.host_ip) ? 'udp6' : 'udp4';
  const server = createSocket({ type, ipv6Only: type === 'udp6' });
  const clients = new Map<string, { peer: UdpSocket; timer: NodeJS.Timeout }>();
  const drop = (key: string) => {
    const known = clients.get(key);
    clients.delete(key);
    clearTimeout(known?.timer);
    known?.peer.close();
  };
  const peerOf = (client: RemoteInfo, address: string) => {
    const key = `${client.address} ${client.port}`;
    const known = clients.get(key);
    if (known) {
      known.timer.refresh();
      return known.peer;
    }
    const [oldest] = clients.size < UDP_CLIENTS ? [] : clients.keys();
    if (oldest !== undefined) drop(oldest);
    const peer = createSocket(isIp6(address) ? 'udp6' : 'udp4');
    peer.on('message', (data) => server.send(data, client.port, client.address));
    // as on a network: what nobody listens for is lost
    peer.on('error', () => drop(key));
    const timer = setTimeout(() => drop(key), UDP_IDLE).unref();
    clients.set(key, { peer, timer });
    return peer;
  };
  server.on('message', async (data, client) => {
    const address = await target;
    peerOf(client, address).send(data, port.target, address, () => undefined);
  });
  server.bind({ address: port.host_ip, port: port.published, exclusive: true });
  await once(server, 'listening').catch((error: unknown) => {
    throw cannot(port, error);
  });
  server.on('error', () => undefined);
  return () => {
    server.close();
    for (const key of [...clients.keys()]) drop(key);
  };
}
