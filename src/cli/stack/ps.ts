import type { Command } from 'commander';
import { describeContainers } from '../../app/container-list.js';
import type { Context } from '../../app/context.js';
import { stackName } from '../../app/lookup.js';
import { containerTable } from '../../view/container-table.js';
import { addCommonOptions } from '../options.js';
import { print, printJson } from '../output.js';
import { openContext } from '../terminal.js';

interface PsOptions {
  allStacks?: true;
  stack?: string;
  json?: true;
  quiet?: true;
}

const EXAMPLES = `
Examples:
  baleine ps
  baleine ps --all-stacks --json`;

export function register(program: Command): void {
  const command = program
    .command('ps')
    .description('list containers as they are now')
    .option('--all-stacks', 'of every stack')
    .option('--stack <name>', 'the stack, without its file')
    .option('--json', 'one JSON array')
    .option('-q, --quiet', 'names only');
  addCommonOptions(command)
    .addHelpText('after', EXAMPLES)
    .action((options: PsOptions, self: Command) => list(openContext(self), options));
}

async function list(context: Context, options: PsOptions): Promise<void> {
  const stack = options.allStacks ? undefined : await stackName(context, options.stack);
  const { rows } = context.state();
  const listed = rows.filter(
    (row) => row.kind === 'container' && (stack === undefined || row.stack === stack),
  );
  const containers = describeContainers(listed, await context.probe(), context.paths);
  if (options.json) return printJson(containers);
  if (options.quiet) return print(containers.map(({ name }) => `${name}\n`).join(''));
  print(containerTable(containers, { stacks: stack === undefined }));
}
