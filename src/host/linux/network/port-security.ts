import { release } from 'node:os';
import { derivedMac, macOf } from '../../../model/mac.js';
import { isSecured, plainAddress } from '../../../model/port-security.js';
import type { LinkSpec } from '../../../model/specs.js';
import { type Finding, ok, warn } from '../doctor/finding.js';
import { run } from '../process/run.js';
import { type IpLine, runBatch } from './batch.js';
import { fixedAddresses } from './fixed-addresses.js';
import type { IpLink } from './observe-links.js';

/**
 * Lets only a container's own MAC address in through its port, and fixes on the host behind which
 * port it is and which address it has. No packet filter: options of the port, entries of the bridge's
 * forwarding table and of the host's neighbor table. For a link without port security, the opposite.
 *
 * @param seen links of the host before
 * @returns complaints, as one line
 */
export async function securePorts(
  links: readonly LinkSpec[],
  seen: ReadonlyMap<string, IpLink>,
): Promise<string> {
  const fixed = fixedAddresses();
  // of ip(8), which knows no forwarding table
  const ip = links.flatMap((link) => neighborLines(link, fixed));
  const opened = links.filter((each) => !isSecured(each));
  const secured = links.filter(isSecured);
  const bridge = [
    ...opened.flatMap((each) => openLines(each, seen.get(each.link), fixed)),
    ...secured.map((each) => portLine(each, 'learning', 'off')),
    ...secured.map((each) => entryLine('replace', each)),
    // last: a `bridge` that is too old to know the word stops here
    ...secured.map(({ link }) => ['link', 'set', 'dev', link, 'locked', 'on']),
  ];
  const answers = [await runBatch(ip), await runBatch(bridge, 'bridge')];
  return answers.flatMap(({ complaint }) => complaint || []).join('; ');
}

const onOff = (value: boolean | undefined) => (value ? 'on' : 'off');

function portLine({ link, isolated }: LinkSpec, ...more: string[]): IpLine {
  return ['link', 'set', 'dev', link, ...more, 'isolated', onOff(isolated)];
}

function entryLine(verb: 'replace' | 'delete', link: LinkSpec): IpLine {
  return ['fdb', verb, macOf(link), 'dev', link.link, 'master', 'static'];
}

type Fixed = ReturnType<typeof fixedAddresses>;

/** Only what differs from a new port. */
function openLines(link: LinkSpec, seen: IpLink | undefined, fixed: Fixed): IpLine[] {
  const { port } = seen ?? {};
  const number = fixed(link.bridge_link).ports?.get(macOf(link));
  return [
    ...(port?.locked ? [['link', 'set', 'dev', link.link, 'locked', 'off']] : []),
    ...(port?.learning === false || (port?.isolated ?? false) !== (link.isolated ?? false)
      ? [portLine(link, 'learning', 'on')]
      : []),
    ...(port && number === port.number ? [entryLine('delete', link)] : []),
  ];
}

/** The host's own entry, in place of all others with this MAC address. */
function neighborLines(link: LinkSpec, fixed: Fixed): IpLine[] {
  const { bridge_link: bridge } = link;
  const mac = macOf(link);
  const address = isSecured(link) ? plainAddress(link) : undefined;
  const known = fixed(bridge).neighbors ?? new Map<string, string>();
  const old = [...known].filter(([each, owner]) => owner === mac && each !== address);
  return [
    ...old.map(([each]) => ['neighbor', 'delete', each, 'dev', bridge]),
    ...(address === undefined || known.get(address) === mac
      ? []
      : [['neighbor', 'replace', address, 'lladdr', mac, 'dev', bridge, 'nud', 'permanent']]),
  ];
}

/** Commands that make the host forget the addresses behind ports that go. */
export function forgetLines(going: readonly IpLink[]): IpLine[] {
  const fixed = fixedAddresses();
  return going.flatMap(({ name, master, port }) => {
    if (master === undefined || !port) return [];
    const { ports = new Map<string, number>(), neighbors = new Map() } = fixed(master);
    const behind = [...ports].flatMap(([mac, number]) => (number === port.number ? [mac] : []));
    const macs = new Set([derivedMac(name), ...behind]);
    const addresses = [...neighbors].flatMap(([address, mac]) => (macs.has(mac) ? [address] : []));
    return addresses.map((each) => ['neighbor', 'delete', each, 'dev', master]);
  });
}

/** The first kernel and iproute2 with locked ports. */
const SINCE = [5, 18] as const;

/** For `doctor`: without locked ports, the addresses of others are protected nevertheless. */
export async function portFinding(kernel = release(), program = iproute2()): Promise<Finding> {
  const old = [
    ...(isOlder(kernel) ? [`Linux ${kernel}`] : []),
    ...(isOlder(await program) ? [`iproute2 ${await program}`] : []),
  ];
  if (old.length === 0) return ok('bridge ports', 'locked to the MAC address of their container');
  return warn(
    'bridge ports',
    `${old.join(' and ')} cannot lock them: a container with NET_RAW can send from MAC addresses of nobody; those of others stay theirs`,
    `Linux and iproute2 ${SINCE.join('.')} or later`,
  );
}

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((each) => Number.parseInt(each, 10));
  return major < SINCE[0] || (major === SINCE[0] && minor < SINCE[1]);
}

/** `ip utility, iproute2-6.1.0, libbpf 1.1.2` */
async function iproute2(): Promise<string> {
  const { stdout } = await run('ip', ['-Version'], { reject: false });
  return /iproute2-([0-9.]+)/.exec(stdout)?.[1] ?? '';
}
