import type { Command } from 'commander';
import type { Context } from '../../app/context.js';
import { dataSizeOf } from '../../app/data-sizes.js';
import { executeBriefly, withStoreOrWait } from '../../app/imperative/change.js';
import { imperativeRow, refuseUsed, rowsOf } from '../../app/imperative/record.js';
import { planDeleteData } from '../../app/make-plan.js';
import type { ChangeOptions } from '../../app/options.js';
import { addressOf, byName, IMPERATIVE_STACK } from '../../model/address.js';
import { UserError } from '../../model/errors.js';
import type { Row } from '../../model/resource.js';
import { findDestroyed } from '../../state/notebook.js';
import type { Store } from '../../state/store.js';
import { renderTable } from '../../view/table.js';
import { addChangeOptions, addSiteOptions } from '../options.js';
import { print, printJson } from '../output.js';
import { openContext } from '../terminal.js';

type VolumeRow = ReturnType<typeof rowsOf<'volume'>>[number];

interface RemoveOptions extends ChangeOptions {
  stack?: string;
}

interface PruneOptions extends ChangeOptions {
  all?: boolean;
  autoApprove?: boolean;
}

interface ListOptions {
  json?: true;
  quiet?: true;
}

/** A volume as `volume list --json` has it. */
interface ListedVolume {
  name: string;
  stack: string;
  /** The folder on the host. */
  path: string;
  /** Ids of the containers that it is bound into. */
  containers: string[];
  /** No file asks for it any more: `volume prune --all` removes it. */
  unused: boolean;
}

export function register(program: Command): void {
  const family = program
    .command('volume')
    .description('volumes made by hand, with `container create -v NAME:PATH`');
  addSiteOptions(family.command('list'))
    .alias('ls')
    .description('list volumes, of files too')
    .option('--json', 'one JSON array')
    .option('-q, --quiet', 'names only')
    .addHelpText('after', '\nExample:\n  baleine volume list')
    .action((options: ListOptions, self: Command) => list(openContext(self), options));
  addChangeOptions(family.command('rm').argument('<name...>'))
    .description('remove volumes that no container and no file has, with all that is in them')
    .option('--stack <name>', 'of this stack')
    .addHelpText('after', '\nExample:\n  baleine volume rm data')
    .action(async (names: string[], options: RemoveOptions, self: Command) => {
      process.exitCode = await remove(openContext(self), names, options);
    });
  addChangeOptions(family.command('prune'))
    .description('remove every volume made by hand that no container has')
    .option('--all', 'those of stacks too that no file has any more; asks first')
    .option('-y, --auto-approve', 'do not ask')
    .addHelpText('after', '\nExample:\n  baleine volume prune --all')
    .action(async (options: PruneOptions, self: Command) => {
      process.exitCode = await prune(openContext(self), options);
    });
}

function list(context: Context, { json, quiet }: ListOptions): void {
  const volumes = describe(context);
  if (json) printJson(volumes);
  else print(quiet ? volumes.map(({ name }) => `${name}\n`).join('') : volumeTable(volumes));
}

function volumeTable(volumes: ListedVolume[]): string {
  const cells = volumes.map(({ name, stack, path, containers, unused }) => [
    ...[name, stack, unused ? 'unused' : String(containers.length), path],
  ]);
  return renderTable(['NAME', 'STACK', 'CONTAINERS', 'PATH'], cells);
}

function describe(context: Context): ListedVolume[] {
  const { rows } = context.state();
  return rowsOf(rows, 'volume')
    .sort((a, b) => byName(a.stack, b.stack) || byName(a.name, b.name))
    .map((row) => {
      const { name, stack } = row;
      const { path } = row.spec;
      const containers = usersOf(rows, path).map(({ spec }) => spec.id);
      const unused =
        stack !== IMPERATIVE_STACK && containers.length === 0 && isUnused(row, context);
      return { name, stack, path, containers, unused };
    });
}

/** Containers it is bound into, of whatever stack, whether they run or not. */
function usersOf(rows: readonly Row[], path: string) {
  return rowsOf(rows, 'container').filter(({ spec }) =>
    spec.mounts.some(({ source }) => source === path),
  );
}

/** What is in a stack's file is removed by that; by name goes only what no file has any more. */
function remove(context: Context, names: string[], options: RemoveOptions): Promise<number> {
  return withStoreOrWait(context, options, (store) => {
    const { rows } = store;
    const gone = names.map((name) => {
      const purpose = `remove volume ${name}`;
      const row = namedRow(rows, name, options.stack, purpose);
      refuseUsed(purpose, usersOf(rows, row.spec.path));
      if (isUnused(row, context)) return row;
      throw new UserError(
        `cannot ${purpose}: it is in the file of stack ${row.stack}`,
        'Remove it there and apply; its data is kept until it is removed by name.',
      );
    });
    return removeAll(context, store, gone, options);
  });
}

function prune(context: Context, options: PruneOptions): Promise<number> {
  return withStoreOrWait(context, options, async (store) => {
    const { rows } = store;
    const gone = rowsOf(rows, 'volume').filter(
      (row) =>
        (options.all || row.stack === IMPERATIVE_STACK) &&
        isUnused(row, context) &&
        usersOf(rows, row.spec.path).length === 0,
    );
    if (gone.length === 0) return 0;
    if (options.all && !options.autoApprove) {
      const losses = gone.map(({ stack, name, spec }) => ({
        address: addressOf('volume', name),
        text: `of stack ${stack}, ${dataSizeOf(spec.path)} will be lost`,
      }));
      if (!(await context.frontend.approve({ ...options, destroy: true, losses }))) return 1;
    }
    return removeAll(context, store, gone, options);
  });
}

/** By stack, for a plan is of one. */
async function removeAll(
  context: Context,
  store: Store,
  gone: readonly VolumeRow[],
  options: ChangeOptions,
): Promise<number> {
  let worst = 0;
  for (const stack of new Set(gone.map((row) => row.stack))) {
    const targets = gone
      .filter((row) => row.stack === stack)
      .map(({ name }) => addressOf('volume', name));
    const plan = await planDeleteData(context, stack, store.rows, targets);
    worst = Math.max(worst, await executeBriefly(context, store, options, plan));
  }
  return worst;
}

/** Of a stack that is named; else made by hand; else the only one of that name. */
function namedRow(
  rows: readonly Row[],
  name: string,
  stack: string | undefined,
  purpose: string,
): VolumeRow {
  const found = rowsOf(rows, 'volume').filter(
    (row) => row.name === name && (stack === undefined || row.stack === stack),
  );
  const own = found.find((row) => row.stack === (stack ?? IMPERATIVE_STACK));
  const [first, second] = found;
  if (own) return own;
  if (first && !second) return first;
  if (!first) return imperativeRow(rows, 'volume', name, purpose);
  const stacks = found.map((row) => row.stack).join(', ');
  throw new UserError(
    `cannot ${purpose}: stacks ${stacks} have one of that name`,
    'Give --stack NAME.',
  );
}

/** Whether no file asks for it: made by hand, out of its file, or left of a destroyed stack. */
function isUnused({ stack, facts }: VolumeRow, { site: { root } }: Context): boolean {
  return (
    stack === IMPERATIVE_STACK ||
    facts.unused === true ||
    findDestroyed(root, { stack }) !== undefined
  );
}
