import { type Command, InvalidArgumentError } from 'commander';
import type { ChangeOptions } from '../../app/options.js';
import { type Scale, scaleServices } from '../../app/scale.js';
import { addCommonOptions, duration } from '../options.js';
import { openContext } from '../terminal.js';

/** The maximum of the schema. */
const MOST = 1000;

const NOTES = `
The number is recorded, and apply and cron keep it until the number in the file changes, or
until: baleine scale shop=file. On a swarm, a container is scaled in the same way.

Example:
  baleine scale shop=5`;

export function register(program: Command): void {
  const command = program
    .command('scale')
    .description('set the number of servers of a farm, overriding the file')
    .argument('<farm=number...>', 'farms with numbers, or with `file` to end it', pair)
    .option('--json', 'one JSON object a line')
    .option('--lock-timeout <duration>', 'wait for another baleine (default 10s)', duration);
  addCommonOptions(command)
    .addHelpText('after', NOTES)
    .action(async (scale: Scale, options: ChangeOptions, self: Command) => {
      process.exitCode = await scaleServices(openContext(self), scale, options);
    });
}

function pair(text: string, before: Scale = {}): Scale {
  const [, name, count] = /^([^=]+)=(file|\d{1,4})$/.exec(text) ?? [];
  const number = count === 'file' ? undefined : Number(count);
  if (name === undefined || (number ?? 0) > MOST) {
    throw new InvalidArgumentError(`It must be like shop=5, from 0 to ${MOST}, or shop=file.`);
  }
  return { ...before, [name]: number };
}
