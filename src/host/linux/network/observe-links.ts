import { exact } from '../../../model/json.js';
import type { BridgePort } from '../../../model/port-security.js';
import type { LinkSpec } from '../../../model/specs.js';
import type { Traffic } from '../../../model/usage.js';
import type { ObservedLink } from '../../ports.js';
import { readText } from '../files/read.js';
import { runConcurrently, runSync } from '../process/run.js';

/** A link with the additional data for wiring containers. */
export interface IpLink extends ObservedLink {
  index: number;
  /** Index of the other end of a veth pair, in that end's namespace. */
  peer?: number;
  /** Its group as in ip(8): a number, or a name from /etc/iproute2/group. */
  group: string;
  /** MAC address. */
  mac?: string;
  /** Bytes. */
  mtu?: number;
  /** The other end of a veth pair is in another network namespace. */
  elsewhere: boolean;
}

/** All links of our network namespace. */
export function readLinks(): IpLink[] {
  return parseLinks(runSync('ip', ['-json', '-details', 'address', 'show']).stdout);
}

/**
 * Same in less time and concurrently, for a run that may have nothing to do: addresses are known for
 * bridges only.
 *
 * @param lock a file that is locked during the call; rejects if another process has it locked
 */
export async function readLinksFast(lock?: string): Promise<ObservedLink[]> {
  const [all = [], bridges = []] = await queryFast(lock);
  const byName = new Map(bridges.map((each) => [each.name, each]));
  return all.map((each) => byName.get(each.name) ?? each);
}

/** Nonblocking; flock executes the program in its own process. */
const NONBLOCKING = ['--nonblock', '--no-fork'];
const IP = ['ip', '-json', '-details', '-batch', '-'];
const QUESTIONS = ['link show', 'address show type bridge'];

/** Retries once: if the output file had no space left, links would seem to be missing. */
async function queryFast(lock: string | undefined): Promise<IpLink[][]> {
  const input = QUESTIONS.map((each) => `${each}\n`).join('');
  const words = [...(lock ? ['flock', ...NONBLOCKING, lock] : []), ...IP];
  const command: Parameters<typeof runSync> = [words[0] as string, words.slice(1), { input }];
  const lines = (await runConcurrently(...command)).stdout.split('\n');
  const isWhole = lines.length === QUESTIONS.length && lines.every((each) => each.endsWith(']'));
  return (isWhole ? lines : runSync(...command).stdout.split('\n')).map(parseLinks);
}

/**
 * Output of `ip -json -details address show` of iproute2 6.1: keys that do not apply are absent.
 */
interface IpJson {
  ifindex: number;
  link_index?: number;
  link_netnsid?: number;
  ifname: string;
  flags: string[];
  group?: string;
  master?: string;
  address?: string;
  mtu?: number;
  ifalias?: string;
  linkinfo?: { info_kind?: string; info_slave_kind?: string; info_slave_data?: PortJson };
  addr_info?: Address[];
}

/** A port of a bridge; `no` is hexadecimal. */
interface PortJson {
  no?: string;
  learning?: boolean;
  locked?: boolean;
  isolated?: boolean;
}

interface Address {
  family: string;
  local: string;
  prefixlen: number;
  /** `link`, `global` or another scope wider than a link. */
  scope: string;
}

export function parseLinks(json: string): IpLink[] {
  // Without any links, ip prints nothing or an empty object in the list.
  return toLinks(JSON.parse(json || '[]'));
}

export function toLinks(found: Partial<IpJson>[]): IpLink[] {
  return found.filter((each): each is IpJson => each.ifname !== undefined).map(toLink);
}

function toLink(json: IpJson): IpLink {
  const { ifname, ifindex, flags, master, ifalias, linkinfo, addr_info = [] } = json;
  const inet = addr_info.filter(({ family, local }) => family === 'inet' && local);
  const inet6 = addr_info.filter(({ family, local }) => family === 'inet6' && local);
  const wide = inet6.filter(({ scope }) => scope !== 'link');
  return exact<IpLink>({
    name: ifname,
    index: ifindex,
    kind: linkinfo?.info_kind ?? '',
    up: flags.includes('UP'),
    group: json.group ?? 'default',
    elsewhere: json.link_netnsid !== undefined,
    addresses: inet.map(textOf),
    ipv6: inet6.length === 0 ? undefined : wide.length === 0 ? 'link' : 'global',
    addresses6: wide.length > 0 ? wide.map(textOf) : undefined,
    peer: json.link_index,
    mac: json.address,
    mtu: json.mtu,
    master,
    alias: ifalias,
    port: portOf(linkinfo),
  });
}

const textOf = ({ local, prefixlen }: Address) => `${local}/${prefixlen}`;

function portOf({ info_slave_kind, info_slave_data }: IpJson['linkinfo'] = {}) {
  if (info_slave_kind !== 'bridge' || !info_slave_data) return undefined;
  const { no, learning = true, locked, isolated = false } = info_slave_data;
  return exact<BridgePort>({ number: Number(no), learning, locked, isolated });
}

/** Of both ends of a veth pair; its default is that of Ethernet. */
export const mtuOf = ({ mtu = 1500 }: Pick<LinkSpec, 'mtu'>) => mtu;

/** Counters of the network namespace of a process, without entering it; proc_pid_net(5), dev. */
export function trafficOf(pid: number): Traffic {
  const lines = (readText(`/proc/${pid}/net/dev`) ?? '').split('\n').slice(2);
  const counted = lines.flatMap((line) => {
    const [name = '', rest] = line.split(':');
    const fields = rest?.trim().split(/\s+/).map(Number);
    return fields && name.trim() !== 'lo'
      ? [{ received: fields[0] ?? 0, sent: fields[8] ?? 0 }]
      : [];
  });
  return {
    received: counted.reduce((sum, each) => sum + each.received, 0),
    sent: counted.reduce((sum, each) => sum + each.sent, 0),
  };
}
