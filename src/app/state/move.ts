import { kinds } from '../../kinds/index.js';
import { addressOf, IMPERATIVE_STACK, parseAddress } from '../../model/address.js';
import { UserError } from '../../model/errors.js';
import type { Row } from '../../model/resource.js';
import type { Store } from '../../state/store.js';
import type { Context } from '../context.js';
import { findRow, stackName } from '../lookup.js';
import type { LockOptions } from '../options.js';
import { withStore } from '../with-lock.js';
import { rename } from './rename.js';

/** Renames a row; the host is not touched. */
export async function moveRow(
  context: Context,
  from: string,
  to: string,
  options: LockOptions & { stack?: string },
): Promise<number | undefined> {
  const stack = await stackName(context, options.stack);
  return withStore(context, options, async (store) => {
    const mine = store.rows.filter((row) => row.stack === stack);
    const row = findRow(mine, from, stack);
    const name = newName(row, to, store.rows);
    await save(store, rename(mine, row.kind, row.name, name));
    const next = row.kind === 'container' ? ', and the next apply replaces it' : '';
    context.frontend.report(
      `${from} is now ${to} in the state; rename it in the file too${next}\n`,
    );
    return 0;
  });
}

/** All at once, so that each table is written once. */
async function save(store: Store, changes: [Row, Row][]): Promise<void> {
  const named = ({ name }: Row, other: Row) => name === other.name;
  await Promise.all([
    ...changes
      .filter(([before, after]) => !named(before, after))
      .map(([{ kind, stack, name }]) => store.drop(kind, stack, name)),
    ...changes.map(([, after]) => store.put(after)),
  ]);
}

function newName(row: Row, to: string, all: readonly Row[]): string {
  const { kind, name, stack } = row;
  const refuse = (cause: string) =>
    new UserError(`cannot rename ${addressOf(kind, name)} to ${to}: ${cause}`);
  const address = parseAddress(to);
  if (!address) throw refuse('that is not an address');
  if (address.kind !== kind) throw refuse(`it is ${kind === 'image' ? 'an' : 'a'} ${kind}`);
  if (kinds[kind].derived) throw refuse('it is derived from others and takes its name from them');
  if (kind === 'container' && stack === IMPERATIVE_STACK) {
    throw refuse('it was made imperatively: no apply would rename it on the host');
  }
  // bridge names are unique on the host, all others in a stack
  const taken = all.find(
    (each) =>
      each.kind === kind &&
      each.name === address.name &&
      (kind === 'bridge' || each.stack === stack),
  );
  if (taken) throw refuse(`stack ${taken.stack} has one of that name`);
  return address.name;
}
