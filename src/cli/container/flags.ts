import { type Command, InvalidArgumentError } from 'commander';
import { type ConfigEntries, EXTERNAL } from '../../app/imperative/flags-to-config.js';
import { completeRow } from '../../app/imperative/record.js';
import { NAME } from '../../model/address.js';
import { UserError } from '../../model/errors.js';
import type { Row } from '../../model/resource.js';

export interface LimitOptions {
  memory?: string;
  cpus?: string | number;
  cpuShares?: string | number;
  cpuset?: string;
  pids?: string | number;
  io?: object[];
  device?: object[];
  netClass?: string | number;
}

export interface BridgeOptions {
  bridge: Joined[];
  mac?: string;
}

export interface WordOptions extends LimitOptions, BridgeOptions {
  image: string;
  env: string[];
  volume: string[];
  label: string[];
  entrypoint?: string;
  user?: string;
  workdir?: string;
  hostname?: string;
  restart: string;
  readOnly?: true;
  security?: string;
  userns?: string;
  seccomp?: string;
  apparmor?: string;
  selinux?: string;
  capAdd: string[];
  capDrop: string[];
  runtime?: string;
  stopSignal?: string;
}

/** `--bridge front` or `--bridge front=10.77.1.10`. */
interface Joined {
  bridge: string;
  address?: string;
}

/** All that says what a container is; for those that are created and those that are run once. */
export function addWordOptions(command: Command, when: 'kept' | 'once' = 'kept'): Command {
  addBridgeOptions(addLimitOptions(command));
  if (when === 'kept') {
    command
      .requiredOption('--image <name>', 'what its disk is a copy of')
      .option('--restart <policy>', 'no, always, on-failure or on-failure:N', 'no');
  }
  return command
    .option('-e, --env <K=V>', 'a variable; K alone takes ours; repeatable', append, [])
    .option('-v, --volume <source:target[:ro]>', 'a volume or a path; repeatable', append, [])
    .option('-l, --label <K=V>', 'repeatable', append, [])
    .option('--entrypoint <program>', 'instead of the image’s')
    .option('-u, --user <user>', 'name, uid, name:group or uid:gid')
    .option('-w, --workdir <dir>', 'where it runs')
    .option('--hostname <name>', 'default: its name')
    .option('--read-only', 'refuse writing to its disk')
    .option('--security <set>', 'default, restricted or unconfined')
    .option('--userns <mode>', 'auto: ids of its own, its root is nobody outside')
    .option('--seccomp <file>', 'a profile as engines write it; unconfined: none')
    .option('--apparmor <profile>', 'one that the host has loaded')
    .option('--selinux <label>', 'user:role:type[:level]')
    .option('--cap-add <capability>', 'repeatable', append, [])
    .option('--cap-drop <capability>', 'repeatable', append, [])
    .option('--stop-signal <signal>', 'what asks it to end (SIGTERM)')
    .option('--runtime <name>', 'the OCI runtime; default: the first that works of crun, runc');
}

export function addLimitOptions(command: Command): Command {
  return command
    .option('--memory <size>', 'as 64M')
    .option('--cpus <n>', 'CPUs’ worth of time, as 0.5', numeric)
    .option('--cpu-shares <n>', 'relative weight; usual is 1024', numeric)
    .option('--cpuset <list>', 'the CPUs it may use, as 0-1,3')
    .option('--pids <n>', 'most processes and threads (2048)', numeric)
    .option('--io <limits>', 'as device=/dev/vda,write_bps=10M,read_iops=500; repeatable', throttle)
    .option('--device <rule>', 'as "allow c 10:229 rwm", or deny; repeatable', deviceRule)
    .option('--net-class <class>', 'of its packets for tc(8), as 0x100001', numeric);
}

export function addBridgeOptions(command: Command): Command {
  return command
    .option('--bridge <name[=address]>', 'a bridge to join; repeatable', joined, [])
    .option('--mac <address>', 'on the one bridge given; default: by chance');
}

/** A container, its volumes, and what it uses of what is there. @throws UserError when it is not */
export function containerWords(
  name: string,
  args: string[],
  options: WordOptions,
  rows: readonly Row[],
  purpose: string,
): ConfigEntries {
  completeRow(rows, 'image', options.image, purpose);
  return {
    images: { [options.image]: EXTERNAL },
    bridges: externals(
      rows,
      options.bridge.map(({ bridge }) => bridge),
      purpose,
    ),
    volumes: Object.fromEntries(volumesOf(options.volume).map((each) => [each, {}])),
    containers: { [name]: entryOf(args, options, purpose) },
  };
}

function entryOf(args: string[], options: WordOptions, purpose: string): object {
  const { env, volume, label, entrypoint } = options;
  return {
    image: options.image,
    ...(entrypoint !== undefined && { entrypoint: entrypoint === '' ? [] : [entrypoint] }),
    ...(args.length > 0 && { command: args }),
    bridges: attachments(options, purpose),
    volumes: volume,
    environment: env.map((each) =>
      each.includes('=') ? each : `${each}=${process.env[each] ?? ''}`,
    ),
    labels: label,
    limits: limitWords(options),
    user: options.user,
    working_dir: options.workdir,
    hostname: options.hostname,
    restart: options.restart,
    read_only: options.readOnly,
    security: options.security,
    userns: options.userns,
    seccomp: options.seccomp,
    apparmor: options.apparmor,
    selinux: options.selinux,
    cap_add: options.capAdd,
    cap_drop: options.capDrop,
    runtime: options.runtime,
    stop_signal: options.stopSignal,
  };
}

export function limitWords(options: LimitOptions): object {
  const { memory, cpus, cpuShares, cpuset, pids, io, device, netClass } = options;
  return {
    ...{ memory, cpus, cpu_shares: cpuShares, cpuset, pids, io },
    ...{ devices: device, net_class: netClass },
  };
}

export function attachments({ bridge: joins, mac }: BridgeOptions, purpose: string): object {
  if (mac !== undefined && joins.length !== 1) {
    throw new UserError(`cannot ${purpose}: --mac goes with one --bridge`);
  }
  return Object.fromEntries(joins.map(({ bridge, address }) => [bridge, { address, mac }]));
}

/** @throws UserError for one that nobody has made */
export function externals(
  rows: readonly Row[],
  bridges: string[],
  purpose: string,
): ConfigEntries['bridges'] & object {
  for (const each of bridges) completeRow(rows, 'bridge', each, purpose);
  return Object.fromEntries(bridges.map((each) => [each, EXTERNAL]));
}

/** The names among the sources: a path has a slash or a dot first. */
function volumesOf(mounts: string[]): string[] {
  return mounts.map((each) => each.split(':')[0] ?? '').filter((each) => NAME.test(each));
}

function joined(text: string, before: Joined[]): Joined[] {
  const [bridge = '', address] = text.split('=');
  if (!NAME.test(bridge)) throw new InvalidArgumentError('A bridge, or a bridge=address.');
  return [...before, { bridge, ...(address !== undefined && { address }) }];
}

function throttle(text: string, before: object[] = []): object[] {
  const pairs = text.split(',').map((each): [string, string | number] => {
    const [key = '', value = ''] = each.split('=');
    return [key, key.endsWith('_iops') ? numeric(value) : value];
  });
  return [...before, Object.fromEntries(pairs)];
}

function deviceRule(text: string, before: object[] = []): object[] {
  const [, verb, rule] = /^(allow|deny) (.*)$/.exec(text) ?? [];
  if (verb === undefined) throw new InvalidArgumentError('allow or deny, a space and a rule.');
  return [...before, { [verb]: rule }];
}

export const append = (text: string, before: string[]) => [...before, text];

/** What is no number is complained of as it stands. */
const numeric = (text: string) => (Number.isNaN(Number(text)) ? text : Number(text));
