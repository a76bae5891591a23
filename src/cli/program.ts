import { type Command, CommanderError } from 'commander';
import { prepareProcess } from '../app/context.js';
import { errorText, exitCodeOf, Interrupted } from '../app/failure.js';
import { hasUnmountedPool, noteUnmounted } from '../state/installation.js';
import { StrictCommand, UnknownWord } from './command.js';
import { addCommonOptions, rootOf } from './options.js';
import { outputIsIncidental, print, printToStderr, watchOutput } from './output.js';

interface CommandModule {
  register(program: Command): void;
}

/** Every command, in the order of the help; modules are loaded on demand. */
export const COMMANDS: Record<string, () => Promise<CommandModule>> = {
  plan: () => import('./stack/plan.js'),
  apply: () => import('./stack/apply.js'),
  destroy: () => import('./stack/destroy.js'),
  up: () => import('./stack/up.js'),
  down: () => import('./stack/down.js'),
  build: () => import('./stack/build.js'),
  pull: () => import('./stack/pull.js'),
  push: () => import('./stack/push.js'),
  watch: () => import('./stack/watch.js'),
  validate: () => import('./stack/validate.js'),
  config: () => import('./stack/config.js'),
  convert: () => import('./stack/convert.js'),
  ps: () => import('./stack/ps.js'),
  ls: () => import('./stack/ls.js'),
  stats: () => import('./stack/stats.js'),
  scale: () => import('./stack/scale.js'),
  rollback: () => import('./stack/rollback.js'),
  farm: () => import('./farm/status.js'),
  job: () => import('./job/index.js'),
  logs: () => import('./container/logs.js'),
  exec: () => import('./container/exec.js'),
  start: async () => ({ register: (await import('./container/lifecycle.js')).registerStart }),
  stop: async () => ({ register: (await import('./container/lifecycle.js')).registerStop }),
  restart: async () => ({ register: (await import('./container/lifecycle.js')).registerRestart }),
  pause: async () => ({ register: (await import('./container/lifecycle.js')).registerPause }),
  unpause: async () => ({ register: (await import('./container/lifecycle.js')).registerUnpause }),
  wait: async () => ({ register: (await import('./container/running.js')).registerWait }),
  kill: async () => ({ register: (await import('./container/running.js')).registerKill }),
  cp: async () => ({ register: (await import('./container/disk.js')).registerCp }),
  port: () => import('./container/port.js'),
  top: async () => ({ register: (await import('./container/running.js')).registerTop }),
  inspect: async () => ({ register: (await import('./container/running.js')).registerInspect }),
  container: () => import('./container/index.js'),
  image: () => import('./image/index.js'),
  network: () => import('./network/index.js'),
  volume: () => import('./volume/index.js'),
  backup: () => import('./backup/index.js'),
  pool: () => import('./pool/index.js'),
  system: () => import('./system/system.js'),
  graph: () => import('./stack/graph.js'),
  ui: () => import('./ui/index.js'),
  events: () => import('./stack/events.js'),
  state: () => import('./state/index.js'),
  import: () => import('./stack/import.js'),
  cron: () => import('./system/cron.js'),
  run: () => import('./container/run.js'),
  completion: () => import('./system/completion.js'),
  __complete: () => import('./system/complete.js'),
  doctor: () => import('./system/doctor.js'),
  debug: () => import('./system/debug.js'),
  heal: () => import('./stack/heal.js'),
};

/** Runs one command line; answers the exit code. Never rejects. */
export async function runProgram(args: string[], version: string): Promise<number> {
  prepareProcess();
  watchOutput();
  endOnUncaught();
  try {
    const program = programOf(version);
    for (const { register } of await commandsFor(args)) register(program);
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // help, which is already printed: code 0, or 1 if a command is missing
    if (error instanceof CommanderError) return error.exitCode;
    printError(error instanceof UnknownWord ? await withSuggestion(error) : error);
    return exitCodeOf(error);
  }
}

/** An interrupt was reported when it came. */
function printError(error: unknown): void {
  if (error instanceof Interrupted) return;
  printToStderr(errorText(error));
}

/** Prints an error as all others; Node would print a line of the bundle and the stack. */
function endOnUncaught(): void {
  process.on('uncaughtException', (error) => {
    printError(error);
    process.exit(1);
  });
}

async function withSuggestion(error: UnknownWord): Promise<Error> {
  return (await import('./suggest-command.js')).unknownWord(error);
}

/** Commands that only print; all others succeed even if their output fails. */
const PRINTING = new Set([
  ...[
    'plan',
    'ps',
    'ls',
    'port',
    'stats',
    'status',
    'logs',
    'top',
    'inspect',
    'list',
    'graph',
    'events',
    'wait',
  ],
  ...[
    'validate',
    'config',
    'convert',
    'show',
    'check',
    'doctor',
    'completion',
    '__complete',
    'snapshot',
  ],
]);

function programOf(version: string): Command {
  const program = new StrictCommand('baleine')
    .description('Declarative images, bridges, containers and web farms on one Linux host')
    .version(version)
    .exitOverride()
    // a command may have an -f of its own, as `logs -f`
    .enablePositionalOptions()
    .configureOutput({ writeOut: print, writeErr: printToStderr })
    .hook('preAction', async (_program, command) => {
      if (!PRINTING.has(command.name())) outputIsIncidental();
      await mountPoolOf(command);
    });
  return addCommonOptions(program);
}

/**
 * Mounts the pool of the root, as after a reboot, before anything looks at the root. Whoever needs the
 * root reports a failure.
 */
async function mountPoolOf(command: Command): Promise<void> {
  const root = process.getuid?.() === 0 ? rootOf(command) : undefined;
  if (root === undefined || !hasUnmountedPool(root)) return;
  const { mountPool } = await import('../app/pool/mount.js');
  await mountPool(root).catch((error: Error) => noteUnmounted(root, error));
}

/** The command on the command line; all of them for help, completion and suggestions. */
async function commandsFor(args: string[]): Promise<CommandModule[]> {
  const name = commandOf(args);
  const known = name !== undefined && Object.hasOwn(COMMANDS, name) && name !== '__complete';
  const one = known ? COMMANDS[name] : undefined;
  return Promise.all((one ? [one] : Object.values(COMMANDS)).map((load) => load()));
}

const VALUED = [
  ...['-f', '--file', '--root', '-p', '--project-name'],
  ...['--profile', '--env-file', '--project-directory'],
];

/** The first word that is neither a global option nor its value. */
function commandOf(args: string[]): string | undefined {
  const at = args.findIndex((arg, index) => {
    return !arg.startsWith('-') && !VALUED.includes(args[index - 1] ?? '');
  });
  return args[at];
}
