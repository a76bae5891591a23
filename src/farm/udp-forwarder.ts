import { formatHostPort, inBrackets, UDP_FORWARDER, UDP_PROGRAMS } from '../model/publish.js';
import { CONFIG_DIR } from './expand.js';
import { type Forward, type Forwarder, forwarderEntry } from './forwarder.js';
import { programImage } from './program.js';

const [PROGRAM, MODULE] = UDP_PROGRAMS;

const FILE = 'nginx.conf';
const TEXT = `${CONFIG_DIR}/${FILE}`;

/** `-e`: before it has read its configuration (nginx(8)). */
const COMMAND = [PROGRAM, '-e', 'stderr', '-c'];

/** A user without any other right on the host's network (`nobody`). */
const USER = '65534:65534';

/**
 * Forwards UDP: nginx with its stream module. Each client, an address with a port, gets a socket of
 * its own toward the container, by which answers find the way back.
 */
export const UDP: Forwarder = {
  name: UDP_FORWARDER,
  image: programImage(PROGRAM, [MODULE]),
  entry: forwarderEntry(UDP_FORWARDER, {
    command: [...COMMAND, TEXT],
    user: USER,
    cap_add: ['CAP_NET_BIND_SERVICE'],
    limits: { pids: 16, memory: 512 * 1024 ** 2 },
    stop_signal: 'SIGTERM',
  }),
  serves: { master: true },
  file: FILE,
  configuration: udpForwarderConfig,
  reader: { check: [...COMMAND, `${TEXT}.next`, '-t'], signal: 'SIGHUP', master: true },
};

/** Two for each client. */
const MOST_CONNECTIONS = 16_384;

/**
 * Seconds without a datagram after which a client is forgotten (RFC 4787, 4.3: two minutes, less for
 * well-known ports, whose clients expect one answer).
 */
const IDLE = { wellKnown: 30, other: 120 };
const WELL_KNOWN = 1023;

/**
 * The configuration of the UDP forwarder (nginx documentation, ngx_stream_core_module and
 * ngx_stream_proxy_module). A datagram larger than `proxy_buffer_size` would be cut; sockets get as
 * much buffer as the host allows. Its only worker sees all datagrams of a client.
 */
export function udpForwarderConfig(stack: string, forwards: Forward[]): string {
  const lines = [
    `# published UDP ports of stack ${stack}, written by baleine: change baleine.yaml instead`,
    `load_module ${MODULE};`,
    'daemon off;',
    'pid /tmp/nginx.pid;',
    'error_log stderr crit;',
    'worker_processes 1;',
    'worker_shutdown_timeout 1s;',
    'events {',
    `    worker_connections ${MOST_CONNECTIONS};`,
    '}',
    'stream {',
    '    proxy_buffer_size 64k;',
    ...forwards.flatMap(server),
    '}',
  ];
  return `${lines.join('\n')}\n`;
}

function server(forward: Forward): string[] {
  const { host_ip, published, container, address, target } = forward;
  const idle = target <= WELL_KNOWN ? IDLE.wellKnown : IDLE.other;
  return [
    `    server { # ${formatHostPort(forward)} of ${container}`,
    `        listen ${inBrackets(host_ip)}:${published} udp rcvbuf=4m sndbuf=4m;`,
    `        proxy_pass ${inBrackets(address)}:${target};`,
    `        proxy_timeout ${idle}s;`,
    '    }',
  ];
}
