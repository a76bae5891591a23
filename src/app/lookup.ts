import { addressOf, IMPERATIVE_STACK, NAME, parseAddress } from '../model/address.js';
import { UserError } from '../model/errors.js';
import { idOf } from '../model/install-paths.js';
import type { Row } from '../model/resource.js';
import type { ContainerFacts, ContainerSpec } from '../model/specs.js';
import type { Context } from './context.js';

/**
 * Where a command without `--stack` looks for a container: in the stack of the file, or among
 * imperative containers, as the commands below `baleine container` do.
 */
export type StackScope = 'file' | 'imperative';

export async function scopedStack(
  context: Context,
  stack: string | undefined,
  scope: StackScope,
): Promise<string> {
  return scope === 'imperative' && stack === undefined
    ? IMPERATIVE_STACK
    : stackName(context, stack);
}

/** The stack named by `--stack`, else the file's. */
export async function stackName(context: Context, stack?: string): Promise<string> {
  if (stack === undefined) return (await context.config()).name;
  if (stack === IMPERATIVE_STACK || NAME.test(stack)) return stack;
  throw new UserError(`cannot use ${JSON.stringify(stack)}: it is not a stack's name`);
}

/** The row of an address. @throws UserError that lists the existing ones */
export function findRow(rows: readonly Row[], address: string, stack: string): Row {
  const parsed = parseAddress(address);
  const found = rows.find(({ kind, name }) => kind === parsed?.kind && name === parsed.name);
  if (found) return found;
  const there = rows.map(({ kind, name }) => addressOf(kind, name)).join(', ');
  throw new UserError(`no ${address} in stack ${stack}`, `It has: ${there || 'nothing'}`);
}

export type ContainerRow = Row<ContainerSpec, ContainerFacts>;

/** Containers of a stack by name, all of them when none is named. @throws UserError for an unknown one */
export function findContainers(
  rows: readonly Row[],
  stack: string,
  names: readonly string[],
  purpose: string,
): ContainerRow[] {
  const all = rows.filter((row) => row.kind === 'container' && row.stack === stack);
  if (names.length === 0) return all as ContainerRow[];
  return names.map((name) => {
    const found = all.find((row) => row.name === name);
    if (found) return found as ContainerRow;
    throw notFound(rows, stack, name, purpose);
  });
}

function notFound(rows: readonly Row[], stack: string, name: string, purpose: string): UserError {
  const others = rows.filter((row) => row.kind === 'container' && row.name === name);
  const of = stack === IMPERATIVE_STACK ? 'created imperatively' : `in stack ${stack}`;
  const shown = NAME.test(name) ? name : JSON.stringify(name);
  return new UserError(
    `cannot ${purpose} container ${shown}: there is none of that name ${of}`,
    others[0] ? `There is one in stack ${others[0].stack}: --stack ${others[0].stack}` : undefined,
  );
}

/** The id of a container by its name in a stack: in `--stack`, else in the command's scope. */
export async function containerId(
  context: Context,
  name: string,
  stack: string | undefined,
  scope: StackScope,
): Promise<string> {
  if (!NAME.test(name)) {
    throw new UserError(`cannot find container ${name}: that is no name`, 'baleine ps lists them');
  }
  return idOf(await scopedStack(context, stack, scope), name);
}
