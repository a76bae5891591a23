import { existsSync } from 'node:fs';
import {
  CLOSED,
  EGRESS_ID,
  EGRESS_MTU,
  EGRESS_PROGRAM,
  type EgressSpec,
  egressFaults,
  egressRoutes,
  INNER,
  type ObservedEgress,
  type Routes,
  TAP,
} from '../../../model/egress.js';
import { messageOf } from '../../../model/errors.js';
import { formatIp, formatSubnet, parseCidr } from '../../../model/ipv4.js';
import type { ObservedLink, Wiring } from '../../ports.js';
import { type Finding, ok, warn } from '../doctor/finding.js';
import { readText } from '../files/read.js';
import { findProgram, packageOf } from '../process/programs.js';
import { run, runSync } from '../process/run.js';
import { localAddresses } from './addresses.js';
import { batchText, type IpLine } from './batch.js';
import { parseLinks } from './observe-links.js';
import type { IpRoute } from './subnet-taken.js';

/** The alias of every link of any installation starts with it. */
const ANY_ALIAS = 'baleine:';

/**
 * What of this host is closed to containers behind a way out: its own addresses, which the program
 * could reach as every program of the host, and the networks of our bridges, which the host routes
 * to. A bridge with a port that is not ours leads to a network outside.
 *
 * @param links of the host's network namespace; addresses are needed of bridges only
 */
export function ownNetworks(links: readonly ObservedLink[]): string[] {
  const foreign = new Set(
    links.flatMap(({ master, alias }) =>
      master !== undefined && !alias?.startsWith(ANY_ALIAS) ? [master] : [],
    ),
  );
  const bridges = links.filter(
    ({ name, kind, alias }) =>
      kind === 'bridge' && alias?.startsWith(ANY_ALIAS) && !foreign.has(name),
  );
  const networks = bridges.flatMap(({ addresses }) =>
    addresses.flatMap((each) => parseCidr(each)?.subnet ?? []),
  );
  // the table of this process, and therefore of the host's namespace
  const own = localAddresses(readText('/proc/self/net/fib_trie') ?? '').map(formatIp);
  return [...new Set([...networks.map(formatSubnet), ...own.map((each) => `${each}/32`)])].sort();
}

/** The network namespace of a way out; undefined if it does not exist. Runs one program. */
export function observeEgress(netns: string): ObservedEgress | undefined {
  const input = batchText([
    ['address', 'show'],
    ['route', 'show'],
    ['netconf', 'show'],
  ]);
  const words = ['-netns', netns, '-json', '-batch', '-'];
  const { code, stdout } = runSync('ip', words, { input, reject: false });
  const [links, routes, settings] = stdout.split('\n').filter((each) => each.startsWith('['));
  if (code !== 0 || !links || !routes || !settings) return undefined;
  const up = parseLinks(links).filter((each) => each.up);
  return {
    links: Object.fromEntries(up.map(({ name, addresses }) => [name, addresses])),
    routes: routesIn(JSON.parse(routes)),
    forwards: isForwarding(JSON.parse(settings)),
  };
}

function routesIn(all: readonly IpRoute[]): Routes {
  return Object.fromEntries(all.map((each) => [each.dst, howOf(each)]));
}

function howOf({ type, gateway, dev }: IpRoute): string {
  if (type !== undefined) return type;
  return gateway === undefined ? `dev ${dev}` : `via ${gateway}`;
}

/** Output of `ip -json netconf show` of iproute2 6.1. */
interface IpNetconf {
  family: string;
  interface: string;
  forwarding?: boolean;
  rp_filter?: string;
  proxy_neigh?: boolean;
}

function isForwarding(all: readonly IpNetconf[]): boolean {
  const of = (name: string) =>
    all.find((each) => each.family === 'inet' && each.interface === name);
  const [inner, outer] = [of('eth0'), of(TAP)];
  return (
    inner?.forwarding === true &&
    inner.rp_filter === 'strict' &&
    outer?.forwarding === true &&
    outer.proxy_neigh === true
  );
}

/**
 * Makes a wired network namespace the way out of its bridge, and reads it back: a tap device that
 * its user may open, and routes that say what can be reached. No packet filter: what is closed is a
 * route, of this namespace.
 *
 * @param links of the host's network namespace
 */
export async function configureEgress(
  { netns, links: [link] }: Wiring,
  spec: EgressSpec,
  links: readonly ObservedLink[],
): Promise<Error | undefined> {
  const address = link?.address ?? '';
  const wanted = egressRoutes(spec, address, ownNetworks(links));
  let complaint = '';
  try {
    const before = observeEgress(netns);
    if (!before) throw new Error('it cannot be entered');
    const input = batchText(egressLines(wanted, before));
    const words = ['-netns', netns, '-force', '-batch', '-'];
    complaint = (await run('ip', words, { input, reject: false })).stderr.trim();
    await setParameters(netns);
    const after = observeEgress(netns);
    const faults = after ? egressFaults(after, address, wanted) : ['it is gone'];
    if (faults.length === 0) return undefined;
    throw new Error(faults.join('; '));
  } catch (error) {
    const cause = [messageOf(error), complaint].filter(Boolean).join('; ');
    return new Error(`cannot make network namespace ${netns} a way out: ${cause}`);
  }
}

/** What is closed comes first, so that nothing is open in between. */
function egressLines(wanted: Routes, { links, routes }: ObservedEgress): IpLine[] {
  const all = Object.entries(wanted).filter(([, how]) => how !== 'dev eth0');
  const lines = (closed: boolean) =>
    all
      .filter(([, how]) => (how === CLOSED) === closed)
      .map(([to, how]): IpLine => ['route', 'replace', ...routeWords(to, how)]);
  const old = Object.entries(routes).filter(([to]) => wanted[to] === undefined);
  // a tap device that is down is not ours any more than one that is missing
  const tap = links[TAP]
    ? []
    : [
        ['link', 'delete', 'dev', TAP],
        ['tuntap', 'add', 'dev', TAP, 'mode', 'tap', 'user', `${EGRESS_ID}`],
      ];
  return [
    ...tap,
    ['address', 'replace', `${INNER.own}/32`, 'dev', TAP],
    ['link', 'set', 'dev', TAP, 'mtu', `${EGRESS_MTU}`, 'up'],
    // the gateway is known before routes through it
    ...[INNER.gateway, INNER.dns].map((to) => ['route', 'replace', to, 'dev', TAP]),
    ...lines(true),
    ...lines(false),
    ...old.map(([to, how]) => ['route', 'delete', ...routeWords(to, how)]),
  ];
}

/** `unreachable 10.0.0.0/8`, or `10.0.0.0/8 via 192.0.2.2`. */
function routeWords(to: string, how: string): string[] {
  return how === CLOSED ? [how, to] : [to, ...how.split(' ')];
}

/**
 * Forwards packets of the bridge's own addresses only, and answers for them when the program asks
 * who has one, without the delay that a proxy in a shared network keeps. Kernel parameters of this
 * namespace (ip-sysctl.rst), whose /proc/sys/net a program in it sees. Without IPv6.
 */
async function setParameters(netns: string): Promise<void> {
  const conf = '/proc/sys/net/ipv4/conf';
  const v6 = '/proc/sys/net/ipv6/conf/all/disable_ipv6';
  const on = [
    `${conf}/eth0/rp_filter`,
    `${conf}/${TAP}/proxy_arp`,
    ...(existsSync(v6) ? [v6] : []),
  ];
  const tee = (text: string, files: string[]) =>
    run('nsenter', [`--net=/run/netns/${netns}`, '--', 'tee', '--', ...files], { input: text });
  await tee('0', [`/proc/sys/net/ipv4/neigh/${TAP}/proxy_delay`]);
  await tee('1', [...on, '/proc/sys/net/ipv4/ip_forward']);
}

const TUN = '/dev/net/tun';

/** See Preconditions. The program is needed to build its image only. */
export function egressProblem(builds: boolean): string | undefined {
  if (builds && findProgram(EGRESS_PROGRAM) === undefined) {
    return `slirp4netns, which is the way out, is not installed: ${INSTALL}`;
  }
  if (!existsSync(TUN)) return `this host has no ${TUN}: modprobe tun`;
  const most = readText('/proc/sys/user/max_user_namespaces');
  if (most === undefined) return 'the kernel is built without user namespaces';
  return Number(most) > 0 ? undefined : 'sysctl user.max_user_namespaces is 0';
}

const INSTALL = `apt-get install ${packageOf('slirp4netns')}`;

/** For `doctor`: what it has is with the programs. */
export function tunFinding(): Finding {
  if (existsSync(TUN)) return ok('tap devices', TUN);
  return warn('tap devices', `no ${TUN}: no way out of a bridge (egress)`, 'modprobe tun');
}
