import { randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import type { Command } from 'commander';
import { runOneOff } from '../../app/container/run.js';
import { findService, runInService } from '../../app/container/run-service.js';
import type { Context } from '../../app/context.js';
import type { Config } from '../../model/config.js';
import { UserError } from '../../model/errors.js';
import { addRootOptions } from '../options.js';
import { openContext } from '../terminal.js';
import { addWordOptions, containerWords, givenWords, type WordOptions } from './flags.js';

interface RunOptions extends Omit<WordOptions, 'image' | 'restart'> {
  name?: string;
  interactive?: true;
  /** False after `-T`. */
  tty?: boolean;
  deps: boolean;
  asImage?: true;
  servicePorts?: true;
  publish: string[];
}

const EXAMPLES = `
Where there is a file with a service of that name, the container is beside the service's own: with its
image, environment, volumes, networks, secrets and user, and with what the flags add. What the service
depends on is started first. Its ports are published with -P alone. It gets standard input, and a terminal if there is
one. Any other name, or one with --as-image, is that of an image.

Examples:
  baleine run base -- ls /
  baleine run -it --bridge front base sh
  baleine -f shop.yaml run web bin/migrate
  baleine run -P web bin/debug
  baleine run -p 8081:80 web`;

export function register(program: Command): void {
  const command = program
    .command('run')
    .description('run one command in a one-off container, and exit with its exit code')
    .argument('<name>', 'a service of the file, or an image')
    .argument('[command...]', 'default: that of the service or image')
    .option('-i, --interactive', 'pass standard input on; always on for a service')
    .option('-t, --tty', 'give it a terminal')
    .option('-T, --no-tty', 'for a service: no terminal, though there is one')
    .option('--rm', 'accepted for compatibility; always on')
    .option('--name <name>', 'default: run- and digits, after the service')
    .option('--no-deps', 'for a service: without what it depends on')
    .option('--as-image', 'the name is that of an image')
    .option('-P, --service-ports', 'for a service: publish its ports, while the command runs')
    .passThroughOptions();
  addWordOptions(addRootOptions(command), 'once')
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, args: string[], options: RunOptions, self: Command) => {
      process.exitCode = await runOnce(openContext(self), name, args, options);
    });
}

async function runOnce(
  context: Context,
  what: string,
  argv: string[],
  options: RunOptions,
): Promise<number> {
  const args = argv[0] === '--' ? argv.slice(1) : argv;
  const isPlain = options.asImage || context.options.withoutFile;
  const config = isPlain ? undefined : await findService(context, what);
  if (options.servicePorts) refuseServicePorts(what, options, config);
  const interrupt = onInterrupt();
  try {
    const run = config ? runOfService : runOfImage;
    const code = await run(context, what, args, options, interrupt.signal, config as Config);
    return code ?? interrupt.exitCode();
  } finally {
    interrupt.dispose();
  }
}

function refuseServicePorts(what: string, { publish }: RunOptions, config?: Config): void {
  if (!config) {
    throw new UserError(
      `cannot run ${what}: --service-ports is for a service of the file`,
      'Name the ports: -p 8080:80',
    );
  }
  if (publish.length === 0) return;
  throw new UserError(
    `cannot run service ${what}: --service-ports and --publish exclude each other`,
    'Give one of both.',
  );
}

function runOfImage(
  context: Context,
  image: string,
  args: string[],
  options: RunOptions,
  stop: AbortSignal,
): Promise<number | undefined> {
  const { name = `run-${digits()}`, interactive, tty = false } = options;
  if (tty && interactive && !process.stdin.isTTY) {
    throw new UserError('cannot give it a terminal: standard input is not one', 'Leave out -t');
  }
  const env = tty ? [termVariable(), ...options.env] : options.env;
  const flags = { ...options, env, image, restart: 'no' };
  return runOneOff(
    context,
    name,
    (rows, purpose) => containerWords(name, args, flags, rows, purpose),
    { input: interactive ?? false, terminal: tty, stop },
  );
}

function runOfService(
  context: Context,
  service: string,
  args: string[],
  options: RunOptions,
  stop: AbortSignal,
  config: Config,
): Promise<number | undefined> {
  const hasTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const { name = `${service.slice(0, 46)}-run-${digits()}`, tty = hasTerminal } = options;
  const purpose = `run service ${service}`;
  if (options.bridge.length > 0) {
    throw new UserError(
      `cannot ${purpose}: it is on the networks of the service, without --bridge`,
    );
  }
  if (options.tty && !process.stdin.isTTY) {
    throw new UserError('cannot give it a terminal: standard input is not one', 'Leave out -t');
  }
  const env = tty ? [termVariable(), ...options.env] : options.env;
  const words = givenWords(args, { ...options, env });
  const how = { input: true, terminal: tty, stop };
  const { servicePorts = false } = options;
  const run = { name, alone: !options.deps, servicePorts, ...words };
  return runInService(context, config, service, run, how);
}

const digits = () => randomBytes(4).toString('hex');
const termVariable = () => `TERM=${process.env.TERM ?? 'xterm'}`;

/** Aborts at the first of the signals that end a run; the command receives them as well. */
function onInterrupt() {
  const controller = new AbortController();
  let first: NodeJS.Signals = 'SIGTERM';
  const abort = (signal: NodeJS.Signals) => {
    if (!controller.signal.aborted) first = signal;
    controller.abort();
  };
  for (const signal of SIGNALS) process.on(signal, abort);
  return {
    signal: controller.signal,
    /** As a shell reports a process that the signal ended. */
    exitCode: () => 128 + constants.signals[first],
    dispose: () => {
      for (const signal of SIGNALS) process.off(signal, abort);
    },
  };
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
