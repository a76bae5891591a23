import { kinds } from '../../kinds/index.js';
import { addressOf } from '../../model/address.js';
import { jsonText, printable } from '../../model/printable.js';
import type { Row } from '../../model/resource.js';
import { buildPlan } from '../../plan/build.js';
import { findOrphans, type Orphan } from '../../plan/orphans.js';
import { findCorruption, repairTables } from '../../state/repair.js';
import { type Context, TABLES } from '../context.js';
import { findRow, stackName } from '../lookup.js';
import type { RunOptions } from '../options.js';
import { propose, withStore } from '../with-lock.js';

interface StackOption {
  /** Default: the file's. */
  stack?: string;
}

/** Checks the tables, and what is in none of them; answers the exit code. */
export async function checkState(context: Context): Promise<number> {
  const damage = findCorruption(context.paths.root, TABLES);
  if (damage.length > 0) {
    report(context, [...damage, 'Repair it with: baleine state repair']);
    return 1;
  }
  const { rows } = await context.state();
  const unfinished = rows.filter(({ status }) => status === 'pending');
  const orphans = await orphansOf(context, rows);
  report(context, [
    `${rows.length} rows, all tables whole`,
    ...unfinished.map((row) => `unfinished: ${nameOf(row)}; the next apply continues with it`),
    ...orphans.map((each) => `orphaned: ${nameOf(each)} carries our mark and is in no table`),
  ]);
  return orphans.length > 0 || unfinished.length > 0 ? 1 : 0;
}

/**
 * Repairs damaged tables, else removes orphans. Not both in one run: an orphan may be a row that the
 * damage has lost.
 */
export async function repairState(context: Context, options: RunOptions): Promise<number> {
  const lock = await context.lock({ timeoutMs: options.lockTimeout ?? 0 });
  let repaired: string[];
  try {
    repaired = await repairTables(context.paths.root, TABLES);
  } finally {
    lock.release({ removeIfEmpty: true });
  }
  if (repaired.length > 0) {
    report(context, [
      ...repaired,
      'See what is missing, then converge: baleine plan, baleine apply',
    ]);
    return 0;
  }
  return (await removeOrphans(context, options)) ?? 0;
}

function removeOrphans(context: Context, options: RunOptions): Promise<number | undefined> {
  return withStore(context, options, async (store) => {
    const orphans = await orphansOf(context, store.rows);
    if (orphans.length === 0) report(context, ['Nothing to repair.']);
    let worst = 0;
    for (const stack of new Set(orphans.map((each) => each.stack))) {
      const mine = orphans.filter((each) => each.stack === stack);
      const observed = { states: new Map(), foreign: new Map(), orphans: mine };
      const nothing = { resources: [], rows: [], kinds, paths: context.paths };
      const plan = buildPlan({ stack, observed, ...nothing });
      worst = Math.max(worst, await propose(context, plan, store, options, true));
    }
    return worst;
  });
}

async function orphansOf(context: Context, rows: readonly Row[]): Promise<Orphan[]> {
  return findOrphans(kinds, rows, undefined, await context.probe(), context.paths);
}

/** Prints rows as JSON, one a line. */
export async function showRows(
  context: Context,
  address: string | undefined,
  options: StackOption,
): Promise<void> {
  const { rows } = await context.state();
  const stack = await stackName(context, options.stack);
  const mine = rows.filter((row) => row.stack === stack);
  const shown = address === undefined ? mine : [findRow(mine, address, stack)];
  report(
    context,
    shown.map((row) => jsonText({ address: addressOf(row.kind, row.name), ...row })),
  );
}

/** Forgets a row and leaves its resource alone. */
export async function forgetRow(
  context: Context,
  address: string,
  options: RunOptions & StackOption,
): Promise<void> {
  const stack = await stackName(context, options.stack);
  await withStore(context, options, async (store) => {
    const mine = store.rows.filter((row) => row.stack === stack);
    const { kind, name } = findRow(mine, address, stack);
    await store.drop(kind, stack, name);
    report(context, [`${address} is no longer recorded; the resource itself is unchanged`]);
    return 0;
  });
}

const nameOf = ({ stack, kind, name }: Orphan) => `${stack}/${addressOf(kind, name)}`;

function report({ frontend }: Context, lines: string[]): void {
  frontend.report(lines.map((line) => `${printable(line)}\n`).join(''));
}
