import type { Command } from 'commander';
import type { Context } from '../../app/context.js';
import { listStacks } from '../../app/list-stacks.js';
import type { ListedStack } from '../../model/listed-stack.js';
import { renderTable } from '../../view/tables.js';
import { addRootOptions } from '../options.js';
import { print, printJson } from '../output.js';
import { openContext } from '../terminal.js';

interface Options {
  json?: true;
  quiet?: true;
}

const NOTES = `
A stack on a swarm is listed without asking the swarm: \`baleine ps\` with its file has the tasks.

Example:
  baleine ls`;

export function register(program: Command): void {
  addRootOptions(program.command('ls'))
    .description('list all stacks with the status of their containers and their files')
    .option('--json', 'one JSON array')
    .option('-q, --quiet', 'names only')
    .addHelpText('after', NOTES)
    .action((options: Options, self: Command) => list(openContext(self), options));
}

async function list(context: Context, { json, quiet }: Options): Promise<void> {
  const stacks = await listStacks(context);
  if (json) return printJson(stacks);
  if (quiet) return print(stacks.map(({ name }) => `${name}\n`).join(''));
  const cells = stacks.map(({ name, engine, containers, file }) => [
    name,
    engine,
    statusText(containers),
    file ?? '-',
  ]);
  print(renderTable(['NAME', 'ENGINE', 'STATUS', 'FILE'], cells));
}

/** `running(3), exited(1)`. */
function statusText(containers: ListedStack['containers']): string {
  const texts = Object.entries(containers).map(([status, count]) => `${status}(${count})`);
  return texts.join(', ') || '-';
}
