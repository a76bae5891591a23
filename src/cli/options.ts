import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { StackScope } from '../app/lookup.js';
import type { CommonOptions } from '../app/options.js';
import { parseDuration } from '../config/units.js';
import { discoverFiles } from '../formats/project/discover.js';
import type { ProjectOptions } from '../formats/yaml/read-file.js';
import { type Address, KINDS, parseAddress } from '../model/address.js';
import { resolveRoot } from '../state/installation.js';
import { refuseSeveral } from './command.js';

const DEFAULT_FILE = 'baleine.yaml';
const DEFAULT_ROOT = '/var/lib/baleine';

/** Without `-f` for a command in which it means something else; `--file` always exists. */
export function addCommonOptions(command: Command, { short = true } = {}): Command {
  command
    .option(
      `${short ? '-f, ' : ''}--file <file>`,
      'the stack, - for standard input; repeatable: later files are merged into the first',
      list,
    )
    .option('-p, --project-name <name>', 'the name of the stack, instead of the one in the file')
    .option('--profile <name>', 'also the services with this profile; repeatable', list)
    .option('--env-file <file>', 'variables, in place of .env; repeatable', list)
    .option('--project-directory <dir>', 'base of relative paths; default: that of the first file')
    .addOption(
      new Option('--engine <engine>', 'what runs the stack; default: as in the file').choices([
        ...['local', 'swarm'],
      ]),
    );
  // where it means something else, the file or DOCKER_HOST says which
  if (!command.options.some(({ long }) => long === '--host')) {
    command.option('--host <url>', 'the engine of a manager of the swarm; default: as in the file');
  }
  return addRootOptions(command);
}

const list = (text: string, before: string[] = []): string[] => [...before, text];

/** For a command without a file. */
export function addRootOptions(command: Command): Command {
  return command
    .option('--root <dir>', 'where state and disks are kept')
    .option('--no-color', 'never color the output');
}

/** From the command line, else the environment, else the default. */
export function commonOptions(command: Command): CommonOptions {
  const asked = allFromCommandLine(command, 'file');
  const files = asked.length > 0 ? asked : discoverFiles(process.cwd(), environment);
  return {
    file: files[0] ?? DEFAULT_FILE,
    ...(files.length === 0 && { withoutFile: true as const }),
    project: projectOptions(command, files.slice(1)),
    ...engineOptions(command),
    root: resolveRoot(namedRoot(command)),
    color: fromCommandLine(command, 'color') !== false,
  };
}

function engineOptions(command: Command): Pick<CommonOptions, 'engine' | 'host'> {
  const [engine, host] = ['engine', 'host'].map((each) => fromCommandLine(command, each));
  return {
    ...(engine !== undefined && { engine: engine as 'local' | 'swarm' }),
    ...(host !== undefined && { host: String(host) }),
  };
}

function namedRoot(command: Command): string {
  const root = fromCommandLine(command, 'root') ?? process.env.BALEINE_ROOT ?? DEFAULT_ROOT;
  return String(root || DEFAULT_ROOT);
}

/** The root of a command, of which not every one needs it; undefined if it is not a valid one. */
export function rootOf(command: Command): string | undefined {
  try {
    return resolveRoot(namedRoot(command));
  } catch {
    return undefined;
  }
}

const environment = (name: string) => process.env[name];

function projectOptions(command: Command, overrides: string[]): ProjectOptions {
  const [name, directory] = ['projectName', 'projectDirectory'].map((each) =>
    fromCommandLine(command, each),
  );
  const profiles = allFromCommandLine(command, 'profile');
  const fromShell = (process.env.COMPOSE_PROFILES ?? '').split(',').filter((each) => each !== '');
  const active = profiles.length > 0 ? profiles : fromShell;
  const envFiles = allFromCommandLine(command, 'envFile');
  return {
    overrides,
    ...(name !== undefined && { name: String(name) }),
    ...(directory !== undefined && { directory: resolve(String(directory)) }),
    ...(active.length > 0 && { profiles: active }),
    ...(envFiles.length > 0 && { envFiles }),
  };
}

/** All values of a repeatable option, those before the command's name first; each once. */
function allFromCommandLine(command: Command, name: string): string[] {
  const values: string[][] = [];
  for (let each: Command | null = command; each; each = each.parent) {
    if (each.getOptionValueSource(name) === 'cli') values.unshift(each.getOptionValue(name));
  }
  return [...new Set(values.flat())];
}

/** @throws UserError if its values before and after the command's name differ */
function fromCommandLine(command: Command, name: string): unknown {
  const values: unknown[] = [];
  for (let each: Command | null = command; each; each = each.parent) {
    if (each.getOptionValueSource(name) === 'cli') values.push(each.getOptionValue(name));
  }
  if (name !== 'color') refuseSeveral(name, values.map(String).reverse());
  return values[0];
}

/** A repeatable option. */
export const append = (text: string, before: string[] = []) => [...before, text];

/** A repeatable option of addresses. */
export function addressList(text: string, before: Address[] = []): Address[] {
  if (!parseAddress(text)) {
    throw new InvalidArgumentError(`An address is ${KINDS.join(', ')}, a dot and a name.`);
  }
  return [...before, text as Address];
}

/** `30s`, `1m30s`, or a bare number of seconds; returns milliseconds. */
export function duration(text: string): number {
  const milliseconds = parseDuration(/^\d+$/.test(text) ? `${text}s` : text);
  if (milliseconds !== undefined) return milliseconds;
  throw new InvalidArgumentError('A duration is like 30s or 1m30s.');
}

/**
 * A moment: RFC 3339, local time where it has no zone; seconds since 1970; or how long ago, as `10m`.
 * Returns milliseconds since 1970.
 */
export function moment(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text);
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/i.test(text);
  const ago = isDate || isTime ? undefined : parseDuration(text);
  const at =
    isDate || isTime
      ? Date.parse(isDate ? `${text}T00:00:00` : text)
      : Date.now() - (ago ?? Number.NaN);
  if (!Number.isNaN(at)) return at;
  throw new InvalidArgumentError('A time is like 10m (ago), 2026-03-01T08:00:00Z or 1772352000.');
}

/** 1 and up. */
export function count(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1) throw new InvalidArgumentError('A number from 1 up.');
  return number;
}

/** 0 and up. */
export function countOrNone(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('A number from 0 up.');
  return Number(text);
}

/** `--refresh=false`, as in Terraform. */
export function yesOrNo(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new InvalidArgumentError('true or false.');
  return text === 'true';
}

/** The options that narrow or widen a plan. */
export function addPlanFlags(command: Command, { replace = true } = {}): Command {
  command.option('--target <address>', 'only this and what it needs; repeatable', addressList);
  if (replace) {
    command.option('--replace <address>', 'replace even if unchanged; repeatable', addressList);
  }
  return command
    .addOption(
      new Option('--refresh [yes]', 'compare with the host first').default(true).argParser(yesOrNo),
    )
    .option('--no-refresh', 'assume the host has not changed since the last run');
}

/** For a command that reads the file. */
export const addRemoveVolumes = (command: Command): Command =>
  command.option(
    '--remove-volumes',
    'also delete volumes that are in the file no more, with all their data',
  );

/** How long a container has to end by itself. */
export const addGrace = (command: Command): Command =>
  command.option(
    '-t, --timeout <duration>',
    'grace period before a container is killed; default: its own',
    duration,
  );

/** When to ask a registry, in one run. */
export function addPullOption(command: Command): Command {
  return command.addOption(
    new Option('--pull <when>', 'ask registries for images; default: as in the file').choices([
      ...['always', 'missing', 'never', 'policy'],
    ]),
  );
}

export function addLockOptions(command: Command): Command {
  return command
    .option('--lock-timeout <duration>', 'wait for another baleine, for example 30s', duration)
    .option('--lock-skip', 'exit with 0 if another baleine holds the lock; for cron');
}

/** Options of `apply` and `destroy`. */
export function addRunOptions(command: Command): Command {
  command
    .option('-y, --auto-approve', 'do not ask')
    .option('--quiet', 'print nothing if nothing changed; for cron')
    .option('--json', 'one JSON object a line')
    .option('--parallelism <n>', 'maximum number of concurrent steps (default 10)', count);
  return addLockOptions(command);
}

/** Options of `build`, `pull` and `push`. */
export function addServiceImageOptions(command: Command): Command {
  return command
    .option('--include-deps', 'also of what the named services depend on')
    .option('--json', 'one JSON object a line')
    .option('--lock-timeout <duration>', 'wait for another baleine (default 10s)', duration);
}

/** Options of every imperative command. */
export function addChangeOptions(command: Command): Command {
  return addRootOptions(command)
    .option('--json', 'one JSON object a line')
    .option('--lock-timeout <duration>', 'wait for another baleine (default 10s)', duration);
}

/** Options of every `prune`. */
export function addPruneOptions(command: Command): Command {
  return addChangeOptions(command).option('-y, --auto-approve', 'do not ask');
}

export function addWaitOptions(command: Command): Command {
  return command
    .option('--wait', 'wait until all containers with a health check are healthy')
    .option('--wait-timeout <duration>', 'maximum wait (default 60s)', duration);
}

/** `--stack`, and `--file` unless the command works on imperative containers. */
export function addScopeOptions(command: Command, scope: StackScope, how = {}): Command {
  if (scope === 'imperative') {
    return addRootOptions(command).option(
      '--stack <name>',
      'the stack; default: containers created imperatively',
    );
  }
  return addCommonOptions(command, how).option(
    '--stack <name>',
    'the container’s stack; default: the one of the file',
  );
}
