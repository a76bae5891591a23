import type { Command } from 'commander';
import type { Context } from '../../app/context.js';
import { applyChange } from '../../app/imperative/change.js';
import { namedAddress, refuseExisting } from '../../app/imperative/record.js';
import type { ChangeOptions } from '../../app/options.js';
import type { ContainerSpec } from '../../model/specs.js';
import { addChangeOptions } from '../options.js';
import { openContext } from '../terminal.js';
import { addWordOptions, containerWords, type WordOptions } from './flags.js';

interface CreateOptions extends ChangeOptions, WordOptions {
  start?: true;
}

const EXAMPLES = `
Examples:
  baleine image create base --size 64M --from-host /bin/busybox
  baleine network create front --subnet 10.77.1.0/24 --host 10.77.1.1
  baleine container create web --image base --bridge front=10.77.1.10 --memory 64M --start -- busybox httpd -f
  baleine container create db --image base --bridge front -v data:/var/lib/db -e MODE=prod -- busybox sleep 1d`;

export function registerCreate(family: Command): void {
  const command = family
    .command('create')
    .description('make a container on its own copy of an image')
    .argument('<name>')
    .argument('[command...]', 'what it runs, behind --; default: what its image says');
  addWordOptions(addChangeOptions(command))
    .option('--start', 'and start it')
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, args: string[], options: CreateOptions, self: Command) => {
      process.exitCode = await create(openContext(self), name, args, options);
    });
}

function create(
  context: Context,
  name: string,
  args: string[],
  options: CreateOptions,
): Promise<number> {
  const purpose = `create container ${name}`;
  return applyChange(context, options, (rows) => {
    refuseExisting(rows, 'container', name, purpose);
    const address = namedAddress('container', name, purpose);
    return {
      purpose,
      entries: containerWords(name, args, options, rows, purpose),
      targets: [address],
      edit: (each) =>
        each.address === address && !options.start
          ? { ...each, spec: { ...(each.spec as ContainerSpec), stopped: true } }
          : each,
    };
  });
}
