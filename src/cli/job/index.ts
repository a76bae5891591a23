import type { Command } from 'commander';
import type { Context } from '../../app/context.js';
import {
  inspectJobs,
  type JobLogOptions,
  type JobRunOptions,
  lacksCron,
  listJobs,
  readJobLog,
  runJob,
} from '../../app/jobs/jobs.js';
import { stackName } from '../../app/lookup.js';
import { jobTable } from '../../view/job-table.js';
import { addCommonOptions, count, countOrNone, duration } from '../options.js';
import { print, printJson, printOne, printToStderr } from '../output.js';
import { printLogs } from '../print-logs.js';
import { openContext } from '../terminal.js';

interface StackOption {
  stack?: string;
}

export function register(program: Command): void {
  const family = program
    .command('job')
    .description('list the jobs of a stack, run them, read their logs');
  registerList(family);
  registerRun(family);
  registerLogs(family);
  registerInspect(family);
}

const addStack = (command: Command, how = {}) =>
  addCommonOptions(command, how).option('--stack <name>', 'the stack, without its file');

function registerList(family: Command): void {
  const command = family
    .command('list')
    .alias('ls')
    .description('list jobs: when they are due next, and how they ended last')
    .option('--all-stacks', 'of every stack')
    .option('--json', 'one JSON array')
    .option('-q, --quiet', 'names only');
  addStack(command)
    .addHelpText('after', '\nExample:\n  baleine job list --all-stacks')
    .action(async (options: ListOptions, self: Command) => list(openContext(self), options));
}

interface ListOptions extends StackOption {
  allStacks?: true;
  json?: true;
  quiet?: true;
}

async function list(
  context: Context,
  { allStacks, stack, json, quiet }: ListOptions,
): Promise<void> {
  const of = allStacks ? undefined : await stackName(context, stack);
  const jobs = listJobs(context.state().rows, of);
  if (json) return printJson(jobs);
  if (quiet) return print(jobs.map(({ name }) => `${name}\n`).join(''));
  print(jobTable(jobs, { stacks: allStacks === true }));
  if (of === undefined || jobs.length === 0 || !(await lacksCron(context, of))) return;
  printToStderr(
    `No crontab line applies stack ${of}, so nothing starts them: baleine cron install\n`,
  );
}

function registerRun(family: Command): void {
  const command = family
    .command('run')
    .argument('<name>')
    .description('run a job now, show its output, and exit with its code; Ctrl-C leaves it running')
    .option('-d, --detach', 'do not wait for its end')
    .option('--lock-timeout <duration>', 'wait for another baleine (default 10s)', duration);
  addStack(command)
    .addHelpText('after', '\nExample:\n  baleine job run report')
    .action(async (name: string, options: JobRunOptions, self: Command) => {
      process.exitCode = await run(openContext(self), name, options);
    });
}

async function run(context: Context, name: string, options: JobRunOptions): Promise<number> {
  const { number, output, result } = await runJob(context, name, options);
  if (!output) {
    print(`${number}\n`);
    return 0;
  }
  await show(context, name, output);
  const { code, failure } = await result();
  if (failure !== undefined) printToStderr(`job ${name}, run ${number}: ${failure}\n`);
  return code ?? (failure === undefined ? 0 : 1);
}

interface LogsOptions extends StackOption {
  follow?: true;
  tail?: number;
  timestamps?: true;
  json?: true;
}

function registerLogs(family: Command): void {
  const command = family
    .command('logs')
    .argument('<name>')
    .argument('[run]', 'its number; default: the one that is going on, else the last', count)
    .description('show the output of a run of a job')
    .option('-f, --follow', 'keep printing until the run ends')
    .option('-n, --tail <n>', 'only the last n lines', countOrNone)
    .option('-t, --timestamps', 'prefix each line with its time')
    .option('--json', 'one JSON object a line: container, time, stream and text');
  addStack(command, { short: false })
    .addHelpText('after', '\nExamples:\n  baleine job logs report\n  baleine job logs report 7')
    .action(
      async (name: string, number: number | undefined, options: LogsOptions, self: Command) => {
        const { follow, tail, stack, ...how } = options;
        const request: JobLogOptions = {
          ...(follow && { follow }),
          ...(tail !== undefined && { last: tail }),
          ...(stack !== undefined && { stack }),
        };
        const context = openContext(self);
        await show(context, name, await readJobLog(context, name, number, request), how);
      },
    );
}

type Output = Awaited<ReturnType<typeof readJobLog>>;

async function show(
  context: Context,
  name: string,
  output: Output,
  how: Pick<LogsOptions, 'timestamps' | 'json'> = {},
): Promise<void> {
  await printLogs(() => named(output, name), {
    names: [name],
    color: context.options.color,
    prefix: false,
    ...how,
  });
}

async function* named(output: Output, container: string) {
  for await (const parts of output) yield parts.map((part) => ({ container, ...part }));
}

function registerInspect(family: Command): void {
  const command = family
    .command('inspect')
    .argument('<name...>')
    .description('show details of jobs as JSON: the container of their runs, and the last results')
    .option('--json', 'on one line');
  addStack(command)
    .addHelpText('after', '\nExample:\n  baleine job inspect report')
    .action(
      async (names: string[], { stack, json }: StackOption & { json?: true }, self: Command) =>
        printOne(await inspectJobs(openContext(self), names, stack), json === true),
    );
}
