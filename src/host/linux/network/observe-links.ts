import { exact } from '../../../model/json.js';
import type { Traffic } from '../../../model/usage.js';
import type { SeenLink } from '../../ports.js';
import { readText } from '../files/read.js';
import { runBeside, runSync } from '../process/run.js';

/** A link with what only the wiring of containers asks for. */
export interface IpLink extends SeenLink {
  index: number;
  /** Index of the other end of a veth pair, in the namespace it is in. */
  peer?: number;
  /** Its group as ip(8) has it: a number, or a name from /etc/iproute2/group. */
  group: string;
  /** Hardware address. */
  mac?: string;
  /** The other end of a veth pair is in another network namespace. */
  elsewhere: boolean;
}

/** All links of our network namespace. */
export function readLinks(): IpLink[] {
  return parseLinks(runSync('ip', ['-json', '-details', 'address', 'show']).stdout);
}

/**
 * The same in half the time, and beside us, for a run that may have nothing to do: only of bridges are
 * kind and addresses known.
 *
 * @param lock a file that is locked meanwhile; rejects when another has locked it
 */
export async function readLinksBriefly(lock?: string): Promise<SeenLink[]> {
  const [all = [], bridges = []] = await askBriefly(lock);
  const byName = new Map(bridges.map((each) => [each.name, { ...each, kind: 'bridge' }]));
  return all.map((each) => byName.get(each.name) ?? each);
}

/** Without waiting, and the program in flock's own process. */
const AT_ONCE = ['--nonblock', '--no-fork'];
const QUESTIONS = ['link show', 'address show type bridge'];

/** Where there was no room for all of an answer, links would seem to be gone: we ask once more. */
async function askBriefly(lock: string | undefined): Promise<IpLink[][]> {
  const input = QUESTIONS.map((each) => `${each}\n`).join('');
  const words = [...(lock ? ['flock', ...AT_ONCE, lock] : []), 'ip', '-json', '-batch', '-'];
  const command: Parameters<typeof runSync> = [words[0] as string, words.slice(1), { input }];
  const lines = (await runBeside(...command)).stdout.split('\n');
  const isWhole = lines.length === QUESTIONS.length && lines.every((each) => each.endsWith(']'));
  return (isWhole ? lines : runSync(...command).stdout.split('\n')).map(parseLinks);
}

/** What `ip -json -details address show` of iproute2 6.1 says: keys that do not apply are absent. */
interface IpJson {
  ifindex: number;
  link_index?: number;
  link_netnsid?: number;
  ifname: string;
  flags: string[];
  group?: string;
  master?: string;
  address?: string;
  ifalias?: string;
  linkinfo?: { info_kind?: string };
  addr_info?: Address[];
}

interface Address {
  family: string;
  local: string;
  prefixlen: number;
  /** `link`, `global` or another one that is wider than a link. */
  scope: string;
}

export function parseLinks(json: string): IpLink[] {
  // Without any link to tell of, ip prints nothing or an empty object in the list.
  return toLinks(JSON.parse(json || '[]'));
}

export function toLinks(found: Partial<IpJson>[]): IpLink[] {
  return found.filter((each): each is IpJson => each.ifname !== undefined).map(toLink);
}

function toLink(json: IpJson): IpLink {
  const { ifname, ifindex, flags, master, ifalias, linkinfo, addr_info = [] } = json;
  const inet = addr_info.filter(({ family, local }) => family === 'inet' && local);
  return exact<IpLink>({
    name: ifname,
    index: ifindex,
    kind: linkinfo?.info_kind ?? '',
    up: flags.includes('UP'),
    group: json.group ?? 'default',
    elsewhere: json.link_netnsid !== undefined,
    addresses: inet.map(({ local, prefixlen }) => `${local}/${prefixlen}`),
    ipv6: scopeOf(addr_info.filter(({ family }) => family === 'inet6')),
    peer: json.link_index,
    mac: json.address,
    master,
    alias: ifalias,
  });
}

function scopeOf(addresses: Address[]): SeenLink['ipv6'] {
  if (addresses.length === 0) return undefined;
  return addresses.every(({ scope }) => scope === 'link') ? 'link' : 'global';
}

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
