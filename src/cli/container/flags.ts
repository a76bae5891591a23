import { type Command, InvalidArgumentError, Option } from 'commander';
import { type ConfigEntries, EXTERNAL } from '../../app/imperative/flags-to-config.js';
import { completeRow } from '../../app/imperative/record.js';
import { KEYS } from '../../kinds/container/keys/index.js';
import type { AnyKey } from '../../kinds/container/keys/types.js';
import { NAME } from '../../model/address.js';
import { UserError } from '../../model/errors.js';
import type { Row } from '../../model/resource.js';
import { append, count } from '../options.js';

export interface LimitOptions {
  memory?: string;
  memoryReservation?: string;
  memorySwap?: string | number;
  memorySwappiness?: string | number;
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

/** As Docker names them; in the file they are members of `healthcheck`. */
interface HealthOptions {
  healthCmd?: string;
  healthInterval?: string;
  healthTimeout?: string;
  healthRetries?: number;
  healthStartPeriod?: string;
  /** False after `--no-healthcheck`. */
  healthcheck?: boolean;
}

export interface WordOptions extends LimitOptions, BridgeOptions, HealthOptions {
  image: string;
  restart: string;
  /** As commander names them. */
  env: string[];
  volume: string[];
  envFile?: string[];
  mount?: object[];
}

/** `--bridge front` or `--bridge front=10.77.1.10`. */
interface Joined {
  bridge: string;
  address?: string;
}

/** The flags that describe a container, for `create` and `run`. */
export function addWordOptions(command: Command, when: 'kept' | 'once' = 'kept'): Command {
  addBridgeOptions(addLimitOptions(command));
  command.option(
    '--mount <type=…,source=…,target=…>',
    'a mount in its long form; repeatable',
    mount,
  );
  // a command that has a file has this for the file
  if (!command.options.some(({ long }) => long === '--env-file')) {
    command.option('--env-file <file>', 'variables of a file; repeatable', append);
  }
  if (when === 'kept') {
    addHealthOptions(command);
    command
      .requiredOption('--image <name>', 'what its disk is a copy of')
      .option('--restart <policy>', 'no, always, unless-stopped, on-failure or on-failure:N', 'no');
  }
  for (const { flags, help, repeatable, kept } of FLAGS.map(([, flag]) => flag)) {
    if (kept && when === 'once') continue;
    if (repeatable) command.option(flags, help, append, []);
    else command.option(flags, help);
  }
  return command;
}

/** The keys of a container that have a flag. */
const FLAGS = Object.entries<AnyKey>(KEYS).flatMap(([name, { flag }]) =>
  flag ? [[name, flag] as const] : [],
);

export function addLimitOptions(command: Command): Command {
  return command
    .option('--memory <size>', 'such as 64M')
    .option('--memory-reservation <size>', 'what the kernel takes last when memory runs short')
    .option('--memory-swap <size>', 'memory and swap together; -1: no limit', unlimited)
    .option('--memory-swappiness <n>', 'how readily it is swapped out, 0 to 100', numeric)
    .option('--cpus <n>', 'number of CPUs, such as 0.5', numeric)
    .option('--cpu-shares <n>', 'relative weight; default 1024', numeric)
    .option('--cpuset <list>', 'the CPUs it may use, such as 0-1,3')
    .option('--pids <n>', 'maximum number of processes and threads (2048)', numeric)
    .option(
      '--io <limits>',
      'such as device=/dev/vda,write_bps=10M,read_iops=500; repeatable',
      throttle,
    )
    .option('--device <rule>', '"allow c 10:229 rwm", or deny; repeatable', deviceRule)
    .option('--net-class <class>', 'class of its packets for tc(8), such as 0x100001', numeric);
}

function addHealthOptions(command: Command): void {
  command
    .option('--health-cmd <command>', 'a command in it, by a shell, that tells whether it is well')
    .option('--health-interval <duration>', 'time between two checks (30s)')
    .option('--health-timeout <duration>', 'time for one check (2s)')
    .option('--health-retries <n>', 'failures in a row that make it unhealthy (3)', count)
    .option('--health-start-period <duration>', 'time to start, in which failures do not count')
    .option('--no-healthcheck', 'without the health check of its image');
}

export function addBridgeOptions(command: Command): Command {
  return command
    .option('--bridge <name[=address]>', 'a bridge to join; repeatable', joined, [])
    .option('--mac <address>', 'MAC address on the only bridge; default: random');
}

/** A container with its volumes, and the resources it uses. @throws UserError if they do not exist */
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
    volumes: Object.fromEntries(volumesOf(options).map((each) => [each, {}])),
    containers: { [name]: entryOf(args, options, purpose) },
  };
}

/** Only what the command line gives, for a container that is described elsewhere. */
export function givenWords(
  args: string[],
  options: Omit<WordOptions, 'image' | 'restart'>,
): { fromFlags: object; volumes: NonNullable<ConfigEntries['volumes']> } {
  const isSet = ([, value]: [string, unknown]) =>
    value !== undefined && !(Array.isArray(value) && value.length === 0);
  const limits = Object.fromEntries(Object.entries(limitWords(options)).filter(isSet));
  const fromFlags = Object.fromEntries(Object.entries(flagWords(options)).filter(isSet));
  const volumes = [...options.volume, ...(options.mount ?? [])];
  return {
    fromFlags: {
      ...fromFlags,
      ...(options.envFile && { env_file: options.envFile }),
      ...(volumes.length > 0 && { volumes }),
      ...(args.length > 0 && { command: args }),
      ...(Object.keys(limits).length > 0 && { limits }),
    },
    volumes: Object.fromEntries(volumesOf(options).map((each) => [each, {}])),
  };
}

function flagWords(options: object): Record<string, unknown> {
  const values = options as Record<string, unknown>;
  const ofFlags = FLAGS.map(([name, { flags, raw = (value: unknown) => value }]) => {
    const value = values[new Option(flags).attributeName()];
    return [name, value === undefined ? undefined : raw(value)];
  });
  return Object.fromEntries(ofFlags);
}

function entryOf(args: string[], options: WordOptions, purpose: string): object {
  return {
    image: options.image,
    ...flagWords(options),
    ...(args.length > 0 && { command: args }),
    bridges: attachments(options, purpose),
    limits: limitWords(options),
    restart: options.restart,
    ...healthWords(options, purpose),
    ...(options.envFile && { env_file: options.envFile }),
    volumes: [...options.volume, ...(options.mount ?? [])],
  };
}

/** The key `healthcheck`, unless no flag is about it. */
function healthWords(options: HealthOptions, purpose: string): object {
  const { healthCmd, healthRetries, healthcheck } = options;
  const check = {
    ...(healthCmd !== undefined && { test: ['CMD-SHELL', healthCmd] }),
    interval: options.healthInterval,
    timeout: options.healthTimeout,
    retries: healthRetries,
    start_period: options.healthStartPeriod,
  };
  const isSet = Object.values(check).some((each) => each !== undefined);
  if (healthcheck !== false) return isSet ? { healthcheck: check } : {};
  if (!isSet) return { healthcheck: { disable: true } };
  throw new UserError(
    `cannot ${purpose}: --no-healthcheck contradicts --health-…`,
    'Give one of both.',
  );
}

export function limitWords(options: LimitOptions): object {
  const { memoryReservation, memorySwap, memorySwappiness } = options;
  const { memory, cpus, cpuShares, cpuset, pids, io, device, netClass } = options;
  return {
    ...{ memory, cpus, cpu_shares: cpuShares, cpuset, pids, io },
    ...{ memory_reservation: memoryReservation, memory_swap: memorySwap },
    ...{ memory_swappiness: memorySwappiness, devices: device, net_class: netClass },
  };
}

export function attachments({ bridge: joins, mac }: BridgeOptions, purpose: string): object {
  if (mac !== undefined && joins.length !== 1) {
    throw new UserError(`cannot ${purpose}: --mac goes with one --bridge`);
  }
  return Object.fromEntries(joins.map(({ bridge, address }) => [bridge, { address, mac }]));
}

/** @throws UserError for a bridge that does not exist */
export function externals(
  rows: readonly Row[],
  bridges: string[],
  purpose: string,
): ConfigEntries['bridges'] & object {
  for (const each of bridges) completeRow(rows, 'bridge', each, purpose);
  return Object.fromEntries(bridges.map((each) => [each, EXTERNAL]));
}

/** The sources that are names: a path begins with a slash or a dot. */
function volumesOf({ volume, mount = [] }: Pick<WordOptions, 'volume' | 'mount'>): string[] {
  const long = mount.map((each) => String((each as { source?: string }).source ?? ''));
  return [...volume.map((each) => each.split(':')[0] ?? ''), ...long].filter((each) =>
    NAME.test(each),
  );
}

/** Docker's spelling of a mount in its long form. */
function mount(text: string, before: object[] = []): object[] {
  const known: Record<string, string> = {
    ...{ type: 'type', source: 'source', src: 'source', target: 'target', dst: 'target' },
    ...{ destination: 'target', readonly: 'read_only', ro: 'read_only' },
  };
  const pairs = text.split(',').map((each): [string, unknown] => {
    const [word = '', ...rest] = each.split('=');
    const [key, value] = [Object.hasOwn(known, word) ? known[word] : undefined, rest.join('=')];
    if (word === 'volume-nocopy') return ['volume', { nocopy: value !== 'false' }];
    if (word === 'tmpfs-size') return ['tmpfs', { size: value }];
    if (key === undefined) {
      throw new InvalidArgumentError(
        'It is type=volume|bind|tmpfs, source=…, target=… and readonly, separated by commas.',
      );
    }
    return [key, key === 'read_only' ? value !== 'false' : value];
  });
  return [...before, { type: 'volume', ...Object.fromEntries(pairs) }];
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

const unlimited = (text: string) => (text === '-1' ? -1 : text);

/** Other text is kept, so that errors quote it. */
const numeric = (text: string) => (Number.isNaN(Number(text)) ? text : Number(text));
