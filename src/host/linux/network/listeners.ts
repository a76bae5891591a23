import { readdirSync, readlinkSync } from 'node:fs';
import { endianness, networkInterfaces } from 'node:os';
import { formatIp } from '../../../model/ipv4.js';
import { formatIp6 } from '../../../model/ipv6.js';
import { anyOf, isIp6 } from '../../../model/publish.js';
import type { Capacity, Listener } from '../../ports.js';
import { ifThere, readText } from '../files/read.js';

const EVERYWHERE6 = '::';

/**
 * TCP_LISTEN (include/net/tcp_states.h), and TCP_CLOSE, in which UDP sockets without a peer are.
 * Those with one are the ends of connections.
 */
const LISTENS = { tcp: '0A', tcp6: '0A', udp: '07', udp6: '07' } as const;

export function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flat();
  // a link-local address alone does not say where to listen
  return all.flatMap((each) => (each && !each.scopeid ? [each.address] : []));
}

/**
 * See Capacity. Reads the tables at the first call, and all processes once a listener is found.
 */
export function listenerLookup(): Capacity['listener'] {
  const ports: { tcp?: Ports; udp?: Ports } = {};
  let holders: Holders | undefined;
  return (address, port, protocol) => {
    const table = protocol ?? 'tcp';
    ports[table] ??= byPort([...listeners(table), ...listeners(`${table}6`)]);
    const found = ports[table].get(port)?.find((each) => areBlocking(each.address, address));
    if (!found) return undefined;
    holders ??= holdersOfSockets();
    return { address: found.address, ...holderOf(found.inode, holders) };
  };
}

/** A listener on `::` also accepts IPv4 unless configured otherwise, which is not visible. */
function areBlocking(listening: string, address: string): boolean {
  if (listening === address || listening === EVERYWHERE6) return true;
  return isIp6(listening) === isIp6(address) && [listening, address].includes(anyOf(address));
}

type Ports = ReadonlyMap<number, Listening[]>;

function byPort(all: Listening[]): Ports {
  const ports = new Map<number, Listening[]>();
  for (const each of all) {
    const others = ports.get(each.port);
    if (others) others.push(each);
    else ports.set(each.port, [each]);
  }
  return ports;
}

interface Listening {
  address: string;
  port: number;
  inode: string;
}

/**
 * Lines of /proc/net/tcp, tcp6, udp and udp6 (proc_net(5)): the fields are number, local address, remote
 * address, state, five more, inode.
 */
function listeners(table: keyof typeof LISTENS): Listening[] {
  const lines = (readText(`/proc/net/${table}`) ?? '').split('\n').slice(1);
  return lines.flatMap((line) => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    if (state !== LISTENS[table]) return [];
    const [hex = '', port = ''] = local.split(':');
    return [{ address: addressIn(hex), port: Number.parseInt(port, 16), inode }];
  });
}

/**
 * An address as the kernel prints it, in words of its own byte order; an IPv4 address mapped into
 * IPv6 (RFC 4291, 2.5.5.2) as IPv4.
 */
function addressIn(hex: string): string {
  const words = (hex.match(/.{8}/g) ?? []).map((word) => {
    const bytes = Buffer.from(word, 'hex');
    return endianness() === 'LE' ? bytes.readUInt32LE() : bytes.readUInt32BE();
  });
  const [first = 0, second, third, last] = words;
  if (last === undefined) return formatIp(first);
  if (first === 0 && second === 0 && third === 0xffff) return formatIp(last);
  return formatIp6(words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n));
}

/** Process ids by the link that proc_pid_fd(5) shows for an open socket, `socket:[INODE]`. */
type Holders = ReadonlyMap<string, string[]>;

function holdersOfSockets(): Holders {
  const holders = new Map<string, string[]>();
  for (const pid of ifThere(() => readdirSync('/proc')) ?? []) {
    if (!/^\d+$/.test(pid)) continue;
    for (const link of new Set(linksIn(`/proc/${pid}/fd`))) {
      if (!link.startsWith('socket:')) continue;
      const others = holders.get(link);
      if (others) others.push(pid);
      else holders.set(link, [pid]);
    }
  }
  return holders;
}

/** Prefers a process in a container: its monitor may have the socket open, too. */
function holderOf(inode: string, holders: Holders): Omit<Listener, 'address'> {
  const all = (holders.get(`socket:[${inode}]`) ?? []).map(describe);
  return all.find(({ container }) => container) ?? all[0] ?? {};
}

function describe(pid: string): Omit<Listener, 'address'> {
  const program = readText(`/proc/${pid}/comm`)?.trim();
  const container = /\/baleine\/[^/\n]+\/([^/\n]+)/.exec(
    readText(`/proc/${pid}/cgroup`) ?? '',
  )?.[1];
  return { pid: Number(pid), ...(program && { program }), ...(container && { container }) };
}

/** Empty for a process that even root may not inspect. */
function linksIn(dir: string): string[] {
  try {
    return readdirSync(dir).flatMap((name) => ifThere(() => readlinkSync(`${dir}/${name}`)) ?? []);
  } catch {
    return [];
  }
}
