import { randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import type { Command } from 'commander';
import { runOneOff } from '../../app/container/run.js';
import type { Context } from '../../app/context.js';
import { UserError } from '../../model/errors.js';
import { addRootOptions } from '../options.js';
import { openContext } from '../terminal.js';
import { addWordOptions, containerWords, type WordOptions } from './flags.js';

interface RunOptions extends Omit<WordOptions, 'image' | 'restart'> {
  name?: string;
  interactive?: true;
  tty?: true;
}

const EXAMPLES = `
Examples:
  baleine run base -- ls /
  baleine run -it --bridge front base sh`;

export function register(program: Command): void {
  const command = program
    .command('run')
    .description('run one command in a one-off container, and exit with its exit code')
    .argument('<image>')
    .argument('[command...]', 'default: what the image says')
    .option('-i, --interactive', 'pass standard input on')
    .option('-t, --tty', 'give it a terminal')
    .option('--rm', 'accepted for compatibility; always on')
    .option('--name <name>', 'default: run- and digits')
    .passThroughOptions();
  addWordOptions(addRootOptions(command), 'once')
    .addHelpText('after', EXAMPLES)
    .action(async (image: string, args: string[], options: RunOptions, self: Command) => {
      process.exitCode = await runOnce(openContext(self), image, args, options);
    });
}

async function runOnce(
  context: Context,
  image: string,
  argv: string[],
  options: RunOptions,
): Promise<number> {
  const { name = `run-${randomBytes(4).toString('hex')}`, interactive, tty = false } = options;
  if (tty && interactive && !process.stdin.isTTY) {
    throw new UserError('cannot give it a terminal: standard input is not one', 'Leave out -t');
  }
  const args = argv[0] === '--' ? argv.slice(1) : argv;
  const env = tty ? [`TERM=${process.env.TERM ?? 'xterm'}`, ...options.env] : options.env;
  const flags = { ...options, env, image, restart: 'no' };
  const interrupt = onInterrupt();
  try {
    const code = await runOneOff(
      context,
      name,
      (rows, purpose) => containerWords(name, args, flags, rows, purpose),
      { input: interactive ?? false, terminal: tty, stop: interrupt.signal },
    );
    return code ?? interrupt.exitCode();
  } finally {
    interrupt.dispose();
  }
}

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
