import { type Command, CommanderError } from 'commander';
import { resetAttributes } from '../host/linux/process/attributes.js';
import { closeInherited } from '../host/linux/process/descriptors.js';
import { StrictCommand, UnknownWord } from './command.js';
import { endOnUncaught, exitCodeOf, printError } from './failure.js';
import { addCommonOptions } from './options.js';
import { outputIsIncidental, print, printToStderr, watchOutput } from './output.js';

interface CommandModule {
  register(program: Command): void;
}

/** Every command, in the order of the help; a module is loaded when it is asked for. */
export const COMMANDS: Record<string, () => Promise<CommandModule>> = {
  plan: () => import('./plan.js'),
  apply: () => import('./apply.js'),
  destroy: () => import('./destroy.js'),
  ps: () => import('./ps.js'),
  stats: () => import('./stats.js'),
  scale: () => import('./scale.js'),
  rollback: () => import('./verbs/rollback.js'),
  farm: () => import('./farm/index.js'),
  logs: () => import('./logs.js'),
  exec: () => import('./exec.js'),
  start: () => import('./verbs/start.js'),
  stop: () => import('./verbs/stop.js'),
  restart: () => import('./verbs/restart.js'),
  pause: () => import('./verbs/pause.js'),
  unpause: () => import('./verbs/unpause.js'),
  kill: () => import('./verbs/kill.js'),
  cp: () => import('./verbs/cp.js'),
  top: () => import('./verbs/top.js'),
  inspect: () => import('./verbs/inspect.js'),
  container: () => import('./hand/container.js'),
  image: () => import('./hand/image.js'),
  network: () => import('./hand/network.js'),
  volume: () => import('./hand/volume.js'),
  graph: () => import('./graph.js'),
  ui: () => import('./ui/index.js'),
  events: () => import('./events.js'),
  state: () => import('./state.js'),
  import: () => import('./import.js'),
  cron: () => import('./cron.js'),
  run: () => import('./hand/run.js'),
  completion: () => import('./completion.js'),
  __complete: () => import('./complete.js'),
  doctor: () => import('./doctor.js'),
  heal: () => import('./heal.js'),
};

/** Runs one command line to its end; answers the exit code. Never rejects. */
export async function runProgram(args: string[], version: string): Promise<number> {
  closeInherited();
  resetAttributes();
  watchOutput();
  endOnUncaught();
  try {
    const program = programOf(version);
    for (const { register } of await commandsFor(args)) register(program);
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // for help, which is printed already; its code is 0, and 1 where a command is missing
    if (error instanceof CommanderError) return error.exitCode;
    printError(error instanceof UnknownWord ? await meantBy(error) : error);
    return exitCodeOf(error);
  }
}

async function meantBy(error: UnknownWord): Promise<Error> {
  return (await import('./meant.js')).unknownWord(error);
}

/** Commands that only print: all others have done their work whether it could be printed or not. */
const PRINTING = new Set([
  ...['plan', 'ps', 'stats', 'status', 'logs', 'top', 'inspect', 'list', 'graph', 'events', 'wait'],
  ...['show', 'check', 'doctor', 'completion', '__complete'],
]);

function programOf(version: string): Command {
  const program = new StrictCommand('baleine')
    .description('Declarative images, bridges, containers and web farms on one Linux host')
    .version(version)
    .exitOverride()
    // so that a command may have an -f of its own, as `logs -f`
    .enablePositionalOptions()
    .configureOutput({ writeOut: print, writeErr: printToStderr })
    .hook('preAction', (_program, command) => {
      if (!PRINTING.has(command.name())) outputIsIncidental();
    });
  return addCommonOptions(program);
}

/** The one that is asked for; all of them for the help, to complete, or to say what was meant. */
async function commandsFor(args: string[]): Promise<CommandModule[]> {
  const name = commandOf(args);
  const known = name !== undefined && Object.hasOwn(COMMANDS, name) && name !== '__complete';
  const one = known ? COMMANDS[name] : undefined;
  return Promise.all((one ? [one] : Object.values(COMMANDS)).map((load) => load()));
}

const VALUED = ['-f', '--file', '--root'];

/** The first word that is neither an option of the program nor its value. */
function commandOf(args: string[]): string | undefined {
  const at = args.findIndex((arg, index) => {
    return !arg.startsWith('-') && !VALUED.includes(args[index - 1] ?? '');
  });
  return args[at];
}
