import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Context } from '../../app/context.js';
import { swarmOf } from '../../app/engine.js';
import { INTERRUPTED } from '../../app/failure.js';
import { requireServices } from '../../app/services.js';
import type { ForegroundOptions } from '../../app/up/foreground.js';
import { applyUp, prepareUp, type UpOptions, up } from '../../app/up/index.js';
import { UserError } from '../../model/errors.js';
import {
  addCommonOptions,
  addGrace,
  addLockOptions,
  addPullOption,
  addWaitOptions,
} from '../options.js';
import { openContext } from '../terminal.js';

const EXAMPLES = `
It shows the plan, as \`apply\` does, and does not ask. Without -d or --wait it then shows the output of
the containers until all have ended; Ctrl-C stops them, and once more kills them. Besides, it starts what was stopped with \`stop\`
and what has ended and is not restarted by its policy. With names, only these services and what they
depend on; their profiles are then active.

A farm keeps the number of --scale until the number in the file changes; another service has it until the
next apply.

On a swarm, Ctrl-C only ends the output: the services run on, until \`down\` removes them.

Examples:
  baleine up
  baleine up -d --wait
  baleine up --exit-code-from tests
  baleine up -d --build web
  baleine up -d --scale worker=3`;

interface Options extends Omit<UpOptions, 'recreate' | 'alone'> {
  detach?: true;
  abortOnContainerExit?: true;
  abortOnContainerFailure?: true;
  exitCodeFrom?: string;
  watch?: true;
  timeout?: number;
  deps: boolean;
  forceRecreate?: true;
  recreate: boolean;
}

export function register(program: Command): void {
  const command = program
    .command('up')
    .description('converge the host to the file without asking, and follow the output')
    .argument('[service...]', 'only these, and what they depend on')
    .option('-d, --detach', 'in the background: end when all are started')
    .option('--no-deps', 'without what the named services depend on')
    .option('--scale <service=number>', 'number of replicas; repeatable', pair)
    .option('--build', 'build the Dockerfiles again')
    .addOption(
      new Option('--force-recreate', 'replace containers even if unchanged').conflicts('recreate'),
    )
    .option('--no-recreate', 'leave containers that exist as they are')
    .option('--watch', 'also do what develop.watch says when files change; see `watch`')
    .option('--abort-on-container-exit', 'stop all when a container ends; exit with its code')
    .option(
      '--abort-on-container-failure',
      'stop all when a container ends with another code than 0',
    )
    .option(
      '--exit-code-from <service>',
      'stop all when a container ends; exit with this one’s code',
    )
    .option('--remove-orphans', 'no effect: what left the file is removed in any case')
    .option('--json', 'one JSON object a line');
  addGrace(addWaitOptions(addLockOptions(addPullOption(addCommonOptions(command)))))
    .addHelpText('after', EXAMPLES)
    .action(async (services: string[], options: Options, self: Command) => {
      refuseMixed(options);
      const context = openContext(self);
      process.exitCode =
        options.detach || options.wait
          ? ((await up(context, services, upOptions(options))) ?? 0)
          : await stay(context, services, options);
    });
}

/** They end or watch containers of this host, which somebody has to wait for. */
const OF_FOREGROUND = [
  'watch',
  'abortOnContainerExit',
  'abortOnContainerFailure',
  'exitCodeFrom',
  'timeout',
] as const;

/** @throws UserError for options of the foreground without it */
function refuseMixed({ detach, wait, ...options }: Options): void {
  if (!detach && !wait) return;
  const unfit = OF_FOREGROUND.find((each) => options[each] !== undefined);
  if (unfit === undefined) return;
  throw new UserError(
    `cannot take --${flagOf(unfit)} in the background: nobody waits for the containers there`,
    `Leave out ${detach ? '-d' : '--wait'}.`,
  );
}

const flagOf = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Shows the output of the containers, and stops them at the end. */
async function stay(context: Context, services: string[], options: Options): Promise<number> {
  const [{ attended }, { inForeground, stopStarted }, { printLogs }] = await Promise.all([
    import('../interrupt.js'),
    import('../../app/up/foreground.js'),
    import('../print-logs.js'),
  ]);
  const { json = false, exitCodeFrom: codeFrom, timeout } = options;
  const since = Date.now();
  const prepared = await prepareUp(context, services, upOptions(options));
  if (prepared.config.engine === 'swarm') refuseOnSwarm(options);
  if (options.watch) (await import('../../app/watch/rules.js')).rulesOf(prepared.config, services);
  if (codeFrom !== undefined) requireServices(prepared.config, [codeFrom], 'wait for');
  // what ends at once is shown with its output
  const request = { ...upOptions(options), verify: false };
  const code = (await applyUp(context, prepared, request)) ?? 0;
  const isOnSwarm = prepared.config.engine === 'swarm';
  if (code === INTERRUPTED && !isOnSwarm) await stopStarted(context, prepared, options.timeout);
  if (code !== 0) return code;
  if (isOnSwarm) return attended(({ ask }) => followSwarm(context, since, json, ask));
  const { color } = context.options;
  const { watchServices } = await import('../../app/watch/index.js');
  const watch = (signal: AbortSignal) => watchServices(context, prepared.config, services, signal);
  const abort = options.abortOnContainerFailure ? 'failure' : 'exit';
  const how: ForegroundOptions = {
    since,
    json,
    show: (names, open) => printLogs(open, { names, color, json, prefix: true }),
    ...((options.abortOnContainerExit ?? options.abortOnContainerFailure ?? codeFrom) && { abort }),
    ...(codeFrom !== undefined && { codeFrom }),
    ...(timeout !== undefined && { timeout }),
    ...(options.watch && { watch }),
  };
  return attended((requests) => inForeground(context, prepared, how, requests));
}

/** @throws UserError for what only ends containers of this host */
function refuseOnSwarm(options: Options): void {
  const unfit = OF_FOREGROUND.find((each) => options[each] !== undefined);
  if (unfit === undefined) return;
  throw new UserError(
    `cannot take --${flagOf(unfit)} on a swarm: \`up\` stops no services there`,
    'baleine down stops and removes them.',
  );
}

/** Others may use the services of a swarm: Ctrl-C only ends their output here. */
async function followSwarm(
  context: Context,
  since: number,
  json: boolean,
  signal: AbortSignal,
): Promise<number> {
  const found = await swarmOf(context);
  if (!found) return 0;
  const { swarm, config } = found;
  const [{ taskLogs }, { printLogs }] = await Promise.all([
    import('../../app/swarm/tasks.js'),
    import('../print-logs.js'),
  ]);
  const { color } = context.options;
  const request = { follow: true, since, signal };
  await printLogs(() => taskLogs(swarm, config.name, [], request), {
    ...{ names: [], color, json, prefix: true },
  });
  if (!signal.aborted) return 0;
  context.frontend.warn('The services run on; `baleine down` stops and removes them.\n');
  return INTERRUPTED;
}

function upOptions({ deps, forceRecreate, recreate, ...options }: Options): UpOptions {
  return {
    ...options,
    alone: !deps,
    ...(forceRecreate && { recreate: 'always' }),
    ...(!recreate && { recreate: 'never' }),
  };
}

/** The maximum of the schema. */
const MOST = 1000;

function pair(text: string, before: Record<string, number> = {}): Record<string, number> {
  const [, name, count] = /^([^=]+)=(\d{1,4})$/.exec(text) ?? [];
  if (name === undefined || Number(count) > MOST) {
    throw new InvalidArgumentError(`It must be like web=3, from 0 to ${MOST}.`);
  }
  return { ...before, [name]: Number(count) };
}
