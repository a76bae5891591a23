import { type Command, InvalidArgumentError, Option } from 'commander';
import { type UpOptions, up } from '../../app/up/index.js';
import { UserError } from '../../model/errors.js';
import { addCommonOptions, addLockOptions, addPullOption, addWaitOptions } from '../options.js';
import { openContext } from '../terminal.js';

const EXAMPLES = `
It shows the plan, as \`apply\` does, and does not ask. Besides, it starts what was stopped with \`stop\`
and what has ended and is not restarted by its policy. With names, only these services and what they
depend on; their profiles are then active.

A farm keeps the number of --scale until the number in the file changes; another service has it until the
next apply.

Examples:
  baleine up -d
  baleine up -d --wait
  baleine up -d --build web
  baleine up -d --scale worker=3`;

interface Options extends Omit<UpOptions, 'recreate' | 'alone'> {
  detach?: true;
  deps: boolean;
  forceRecreate?: true;
  recreate: boolean;
}

export function register(program: Command): void {
  const command = program
    .command('up')
    .description('converge the host to the file without asking; in the background')
    .argument('[service...]', 'only these, and what they depend on')
    .option('-d, --detach', 'in the background, which is the only way so far')
    .option('--no-deps', 'without what the named services depend on')
    .option('--scale <service=number>', 'number of replicas; repeatable', pair)
    .option('--build', 'build the Dockerfiles again')
    .addOption(
      new Option('--force-recreate', 'replace containers even if unchanged').conflicts('recreate'),
    )
    .option('--no-recreate', 'leave containers that exist as they are')
    .option('--remove-orphans', 'no effect: what left the file is removed in any case')
    .option('--json', 'one JSON object a line');
  addWaitOptions(addLockOptions(addPullOption(addCommonOptions(command))))
    .addHelpText('after', EXAMPLES)
    .action(async (services: string[], options: Options, self: Command) => {
      if (!options.detach && !options.wait) {
        throw new UserError(
          'cannot run a stack in the foreground',
          'Give -d (--detach); afterwards `baleine logs -f NAME` shows the output of a container.',
        );
      }
      process.exitCode = (await up(openContext(self), services, upOptions(options))) ?? 0;
    });
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
