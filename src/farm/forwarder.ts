import type { ContainerEntry, ImageSource, PublishEntry } from '../model/config.js';
import type { Instance } from '../model/instance.js';
import { ANY_ADDRESS6, FORWARDER, formatHostPort, inBrackets } from '../model/publish.js';
import type { ConfigSpec } from '../model/specs.js';
import { CONFIG_DIR, CONFIG_FILE } from './expand.js';
import { PROXY_SOCKET } from './haproxy.js';
import { programEntry, programImage } from './program.js';

/** A published port and its destination. */
export interface Forward extends PublishEntry {
  container: string;
  /** Without prefix length. */
  address: string;
}

const PROGRAM = '/usr/sbin/haproxy';

/** Carries published ports of one protocol into containers. */
export interface Forwarder {
  /** Of its container, image and generated file. */
  name: string;
  image: ImageSource;
  entry: ContainerEntry;
  /** See Instance. */
  serves: Pick<Instance, 'proxy' | 'master'>;
  /** The name of its configuration. */
  file: string;
  configuration(stack: string, forwards: Forward[]): string;
  /** As in ConfigSpec. */
  reader: Omit<NonNullable<ConfigSpec['reader']>, 'id'>;
}

/**
 * The container that forwards the stack's published ports. It has the host's network, and few rights
 * beyond listening.
 *
 * @param path of the first port that it forwards
 */
export function forwarderInstance(
  { name, entry, serves }: Forwarder,
  path: Instance['path'],
): Instance {
  return { name, service: name, entry, path, ...serves };
}

/** What forwarders have in common. */
export function forwarderEntry(
  name: string,
  more: Pick<ContainerEntry, 'command' | 'cap_add'> & Partial<ContainerEntry>,
): ContainerEntry {
  return programEntry({
    image: name,
    host_network: true,
    bridges: {},
    volumes: [{ type: 'config', source: name, target: CONFIG_DIR, read_only: true }],
    limits: { pids: 256 },
    ...more,
  });
}

/** HAProxy. */
export const TCP: Forwarder = {
  name: FORWARDER,
  image: programImage(PROGRAM),
  entry: forwarderEntry(FORWARDER, {
    // -W: a master that reloads on SIGUSR2; -db: in the foreground (haproxy(1))
    command: [PROGRAM, '-W', '-db', '-f', `${CONFIG_DIR}/${CONFIG_FILE}`],
    // to listen, to drop root in the workers, and to signal these
    cap_add: ['CAP_KILL', 'CAP_NET_BIND_SERVICE', 'CAP_SETGID', 'CAP_SETUID'],
  }),
  serves: { proxy: { socket: PROXY_SOCKET } },
  file: CONFIG_FILE,
  configuration: forwarderConfig,
  reader: { check: [PROGRAM, '-c', '-f', `${CONFIG_DIR}/${CONFIG_FILE}.next`], signal: 'SIGUSR2' },
};

/**
 * The forwarder's configuration (HAProxy 2.6 Configuration Manual). It forwards bytes and closes a
 * connection when either side does: hence the longest possible timeouts, and TCP keep-alive probes.
 * Without `noreuseport`, two stacks could listen on the same port and share its connections.
 */
export function forwarderConfig(stack: string, forwards: Forward[]): string {
  const lines = [
    `# published ports of stack ${stack}, written by baleine: change baleine.yaml instead`,
    'global',
    '    log stdout format raw local0 notice',
    `    stats socket ${PROXY_SOCKET} mode 600 level admin`,
    '    noreuseport',
    '    uid 65534',
    '    gid 65534',
    '',
    'defaults',
    '    mode tcp',
    '    log global',
    '    option clitcpka',
    '    option srvtcpka',
    '    option splice-auto',
    '    timeout connect 5s',
    '    timeout client 24d',
    '    timeout server 24d',
    ...forwards.flatMap(section),
  ];
  return `${lines.join('\n')}\n`;
}

function section(forward: Forward): string[] {
  const { container, address, target, proxy_protocol } = forward;
  const place = formatHostPort(forward);
  const header = proxy_protocol ? ' send-proxy-v2' : '';
  return [
    '',
    // brackets are no part of a name
    `listen ${place.replace(/[[\]]/g, '')}`,
    `    bind ${place}${forward.host_ip === ANY_ADDRESS6 ? ' v6only' : ''}`,
    `    server ${container} ${inBrackets(address)}:${target}${header}`,
  ];
}
