import type { Command } from 'commander';
import { type Context, TABLES } from '../../app/context.js';
import { findRow, stackName } from '../../app/lookup.js';
import type { LockOptions, RunOptions } from '../../app/options.js';
import { propose, withStore } from '../../app/with-lock.js';
import { kinds } from '../../kinds/index.js';
import { addressOf } from '../../model/address.js';
import { jsonText, printable } from '../../model/printable.js';
import type { Row } from '../../model/resource.js';
import { buildPlan } from '../../plan/build.js';
import { findOrphans, type Orphan } from '../../plan/orphans.js';
import { damageOf, repairTables } from '../../state/repair.js';
import { addCommonOptions, addLockOptions, addRunOptions, addSiteOptions } from '../options.js';
import { print } from '../output.js';
import { openContext } from '../terminal.js';
import { type AdoptOptions, adoptRoot } from './adopt.js';
import { move } from './mv.js';

interface StackOption {
  stack?: string;
}

const EXAMPLES = `
Examples:
  baleine state check
  baleine state repair
  baleine state show container.web-1
  baleine state mv volume.data volume.store
  baleine state rm volume.data
  baleine state adopt --root /srv/restored`;

export function register(program: Command): void {
  const state = program
    .command('state')
    .description('look at and mend what is on record: check, repair, show, mv, rm, adopt')
    .addHelpText('after', EXAMPLES);
  const add = (name: string, description: string) =>
    addCommonOptions(state.command(name).description(description)).addHelpText('after', EXAMPLES);
  add('check', 'tell whether the tables are whole, and what is in none of them').action(
    async (_options: object, self: Command) => {
      process.exitCode = await check(openContext(self));
    },
  );
  addRunOptions(add('repair', 'make damaged tables whole; take away what is in none')).action(
    async (options: RunOptions, self: Command) => {
      process.exitCode = await repair(openContext(self), options);
    },
  );
  add('show', 'print rows as JSON, one a line')
    .argument('[address]', 'only this one')
    .option('--stack <name>', 'the stack, without its file')
    .action((address: string | undefined, options: StackOption, self: Command) =>
      show(openContext(self), address, options),
    );
  addLockOptions(add('mv', 'give a row another name, and leave what it stands for as it is'))
    .argument('<from>', 'as volume.data')
    .argument('<to>', 'as volume.store')
    .option('--stack <name>', 'the stack, without its file')
    .action(async (from: string, to: string, options: LockOptions & StackOption, self: Command) => {
      process.exitCode = (await move(openContext(self), from, to, options)) ?? 0;
    });
  addRunOptions(add('rm', 'forget a row, and leave what it stands for as it is'))
    .argument('<address>', 'as container.web-1')
    .option('--stack <name>', 'the stack, without its file')
    .action((address: string, options: RunOptions & StackOption, self: Command) =>
      forget(openContext(self), address, options),
    );
  addLockOptions(addSiteOptions(state.command('adopt')))
    .description('make a root that was copied, moved or restored this host’s own')
    .option('-y, --auto-approve', 'do not ask')
    .addHelpText('after', EXAMPLES)
    .action(async (options: AdoptOptions, self: Command) => {
      process.exitCode = await adoptRoot(openContext(self), options);
    });
}

async function check(context: Context): Promise<number> {
  const damage = damageOf(context.site.root, TABLES);
  if (damage.length > 0) {
    printLines([...damage, 'Mend it with: baleine state repair']);
    return 1;
  }
  const { rows } = await context.state();
  const unfinished = rows.filter(({ status }) => status === 'pending');
  const orphans = await orphansOf(context, rows);
  printLines([
    `${rows.length} rows, all tables whole`,
    ...unfinished.map((row) => `unfinished: ${nameOf(row)}; the next apply goes on with it`),
    ...orphans.map((each) => `orphaned: ${nameOf(each)} bears our mark and is in no table`),
  ]);
  return orphans.length > 0 || unfinished.length > 0 ? 1 : 0;
}

/**
 * What is in no table may be what a damaged one has lost: it is taken away only when there was
 * nothing to mend.
 */
async function repair(context: Context, options: RunOptions): Promise<number> {
  const lock = await context.lock({ timeoutMs: options.lockTimeout ?? 0 });
  let mended: string[];
  try {
    mended = await repairTables(context.site.root, TABLES);
  } finally {
    lock.release({ removeIfEmpty: true });
  }
  if (mended.length > 0) {
    printLines([
      ...mended,
      'Now see what is missing, and put it right: baleine plan, baleine apply',
    ]);
    return 0;
  }
  return (await removeOrphans(context, options)) ?? 0;
}

function removeOrphans(context: Context, options: RunOptions): Promise<number | undefined> {
  return withStore(context, options, async (store) => {
    const orphans = await orphansOf(context, store.rows);
    if (orphans.length === 0) printLines(['Nothing to repair.']);
    let worst = 0;
    for (const stack of new Set(orphans.map((each) => each.stack))) {
      const mine = orphans.filter((each) => each.stack === stack);
      const observed = { states: new Map(), foreign: new Map(), orphans: mine };
      const nothing = { resources: [], rows: [], kinds, site: context.site };
      const plan = buildPlan({ stack, observed, ...nothing });
      worst = Math.max(worst, await propose(context, plan, store, options, true));
    }
    return worst;
  });
}

async function orphansOf(context: Context, rows: readonly Row[]): Promise<Orphan[]> {
  return findOrphans(kinds, rows, undefined, await context.probe(), context.site);
}

async function show(context: Context, address: string | undefined, options: StackOption) {
  const { rows } = await context.state();
  const stack = await stackName(context, options.stack);
  const mine = rows.filter((row) => row.stack === stack);
  const shown = address === undefined ? mine : [findRow(mine, address, stack)];
  printLines(shown.map((row) => jsonText({ address: addressOf(row.kind, row.name), ...row })));
}

async function forget(context: Context, address: string, options: RunOptions & StackOption) {
  const stack = await stackName(context, options.stack);
  await withStore(context, options, async (store) => {
    const mine = store.rows.filter((row) => row.stack === stack);
    const { kind, name } = findRow(mine, address, stack);
    await store.drop(kind, stack, name);
    printLines([`${address} is no longer on record; what it stands for was left as it is`]);
    return 0;
  });
}

const nameOf = ({ stack, kind, name }: Orphan) => `${stack}/${addressOf(kind, name)}`;

function printLines(lines: string[]): void {
  print(lines.map((line) => `${printable(line)}\n`).join(''));
}
