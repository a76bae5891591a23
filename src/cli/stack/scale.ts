import { type Command, InvalidArgumentError } from 'commander';
import { executeBriefly, withStoreOrWait } from '../../app/imperative/change.js';
import { planStack } from '../../app/make-plan.js';
import type { ChangeOptions } from '../../app/options.js';
import type { Config } from '../../model/config.js';
import { UserError } from '../../model/errors.js';
import { addCommonOptions, duration } from '../options.js';
import { openContext } from '../terminal.js';

/** As many as the schema lets a file ask for. */
const MOST = 1000;

/** By farm; undefined for as many as the file says. */
type Asked = Record<string, number | undefined>;

const NOTES = `
The number stays on record: plan shows it, apply and cron keep to it. It holds until the file asks
for another number than it does now, or until: baleine scale shop=file

Example:
  baleine scale shop=5`;

export function register(program: Command): void {
  const command = program
    .command('scale')
    .description('have so many servers in a farm, whatever the file says')
    .argument('<farm=number...>', 'farms with numbers, or with `file` for what the file says', pair)
    .option('--json', 'one JSON object a line')
    .option('--lock-timeout <duration>', 'wait so long for another baleine (10s)', duration);
  addCommonOptions(command)
    .addHelpText('after', NOTES)
    .action(async (asked: Asked, options: ChangeOptions, self: Command) => {
      process.exitCode = await run(asked, options, self);
    });
}

async function run(asked: Asked, options: ChangeOptions, self: Command): Promise<number> {
  const context = openContext(self);
  const config = await context.config();
  const scale = numbersOf(asked, config);
  return withStoreOrWait(context, options, async (store) => {
    const plan = await planStack(context, config, store, { scale });
    return executeBriefly(context, store, options, plan);
  });
}

function numbersOf(asked: Asked, { farms, name: stack }: Config): Record<string, number> {
  const entries = Object.entries(asked).map(([name, count]): [string, number] => {
    const farm = Object.hasOwn(farms, name) ? farms[name] : undefined;
    if (farm) return [name, count ?? farm.servers.replicas ?? 1];
    const all = Object.keys(farms).join(', ');
    throw new UserError(
      `cannot scale ${name}: no farm of that name in stack ${stack}`,
      all ? `There is: ${all}` : 'For a container, change replicas in the file.',
    );
  });
  return Object.fromEntries(entries);
}

function pair(text: string, before: Asked = {}): Asked {
  const [, name, count] = /^([^=]+)=(file|\d{1,4})$/.exec(text) ?? [];
  const number = count === 'file' ? undefined : Number(count);
  if (name === undefined || (number ?? 0) > MOST) {
    throw new InvalidArgumentError(`It must be like shop=5, from 0 to ${MOST}, or shop=file.`);
  }
  return { ...before, [name]: number };
}
