import type { Command } from 'commander';
import { containerFilter, isOfService } from '../../app/container-filter.js';
import { listContainers } from '../../app/container-list.js';
import type { Context } from '../../app/context.js';
import { swarmOf } from '../../app/engine.js';
import { UserError } from '../../model/errors.js';
import type { ListedContainer } from '../../model/listed-container.js';
import { containerTable } from '../../view/container-table.js';
import { addCommonOptions, append } from '../options.js';
import { print, printJson } from '../output.js';
import { openContext } from '../terminal.js';

interface PsOptions {
  allStacks?: true;
  stack?: string;
  filter: string[];
  format?: string;
  json?: true;
  quiet?: true;
  services?: true;
}

const EXAMPLES = `
Filters: name, status, health, stack, service, image, label (KEY or KEY=VALUE); values of one key are
alternatives. A template has fields such as {{.Name}}, {{.Status}}, {{.Addresses}}, {{.Ports}}.

Examples:
  baleine ps
  baleine ps --all-stacks --json
  baleine ps --filter status=exited --filter service=web -q
  baleine ps --format 'table {{.Name}}\\t{{.Status}}\\t{{.Ports}}'`;

export function register(program: Command): void {
  const command = program
    .command('ps')
    .description('list containers as they are now')
    .argument('[name...]', 'only these containers, services or farms')
    .option('-a, --all', 'accepted for compatibility; always on')
    .option('--all-stacks', 'of every stack')
    .option('--stack <name>', 'the stack, without its file')
    .option('--filter <key=value>', 'only those; repeatable', append, [])
    .option('--format <format>', 'table, json, or a template such as {{.Name}}')
    .option('--json', 'one JSON array')
    .option('-q, --quiet', 'names only')
    .option('--services', 'the names of the services that have a container');
  addCommonOptions(command)
    .addHelpText('after', EXAMPLES)
    .action((names: string[], options: PsOptions, self: Command) =>
      list(openContext(self), names, options),
    );
}

async function list(context: Context, names: string[], options: PsOptions): Promise<void> {
  const found = options.allStacks || options.stack ? undefined : await swarmOf(context);
  if (found) return listSwarm(found, names, options);
  return listHost(context, names, options);
}

/** Tasks instead of containers: they have nodes, and other states. */
async function listSwarm(
  { swarm, config }: NonNullable<Awaited<ReturnType<typeof swarmOf>>>,
  names: string[],
  { filter, format, json, quiet, services }: PsOptions,
): Promise<void> {
  if (filter.length > 0 || (format !== undefined && !['table', 'json'].includes(format))) {
    throw new UserError(
      'cannot filter tasks of a swarm, or print them by a template',
      'Use --json.',
    );
  }
  const { listTasks } = await import('../../app/swarm/tasks.js');
  const tasks = await listTasks(swarm, config.name, names);
  if (services) return print(lines([...new Set(tasks.map(({ service }) => service))]));
  if (quiet) return print(lines(tasks.map(({ name }) => name)));
  if (json || format === 'json') return printJson(tasks);
  const { taskTable } = await import('../../view/task-table.js');
  return print(taskTable(tasks));
}

async function listHost(context: Context, names: string[], options: PsOptions): Promise<void> {
  const isWanted = containerFilter(options.filter);
  const { stack, containers } = await listContainers(context, names, options);
  const found = containers.filter(isWanted);
  const { format = options.json ? 'json' : 'table' } = options;
  if (options.services) return print(lines(await servicesOf(context, found, options)));
  if (options.quiet) return print(lines(found.map(({ name }) => name)));
  if (format === 'json') return printJson(found);
  if (format === 'table') return print(containerTable(found, { stacks: stack === undefined }));
  const { renderTemplate } = await import('../../view/container-template.js');
  print(renderTemplate(found, format));
}

/** Only the file tells which containers are instances of one service. */
async function servicesOf(
  context: Context,
  listed: ListedContainer[],
  { allStacks, stack }: PsOptions,
): Promise<string[]> {
  if (allStacks || stack !== undefined) {
    throw new UserError(
      'cannot list services of another stack: only its file tells them',
      'Name it with -f, without --stack and --all-stacks.',
    );
  }
  const { containers, farms } = await context.config();
  return [...Object.keys(containers), ...Object.keys(farms)].filter((service) =>
    listed.some(({ name }) => isOfService(name, service)),
  );
}

const lines = (texts: readonly string[]) => texts.map((text) => `${text}\n`).join('');
