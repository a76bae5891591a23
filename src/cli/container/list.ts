import type { Command } from 'commander';
import { describeContainers } from '../../app/container-list.js';
import type { Context } from '../../app/context.js';
import { refreshRows } from '../../app/imperative/refresh.js';
import { containerTable } from '../../view/container-table.js';
import { addRootOptions } from '../options.js';
import { print, printJson } from '../output.js';
import { openContext } from '../terminal.js';

interface ListOptions {
  all?: true;
  json?: true;
  quiet?: true;
}

export function registerList(family: Command): void {
  addRootOptions(family.command('list'))
    .alias('ls')
    .description('list running containers, also those of stacks, and update containers.csv')
    .option('-a, --all', 'also containers that do not run')
    .option('--json', 'one JSON array')
    .option('-q, --quiet', 'names only')
    .addHelpText('after', '\nExample:\n  baleine container list --all')
    .action((options: ListOptions, self: Command) => list(openContext(self), options));
}

async function list(context: Context, { all, json, quiet }: ListOptions): Promise<void> {
  const probe = await context.probe();
  await refreshRows(context, probe);
  const rows = context.state().rows.filter(({ kind }) => kind === 'container');
  const containers = describeContainers(rows, probe, context.paths);
  const shown = containers.filter(
    ({ status }) => all || status === 'running' || status === 'paused',
  );
  if (json) return printJson(shown);
  if (quiet) return print(shown.map(({ name }) => `${name}\n`).join(''));
  print(containerTable(shown, { stacks: true, pids: true }));
}
