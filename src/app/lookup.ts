import { addressOf, byName, IMPERATIVE_STACK, NAME, parseAddress } from '../model/address.js';
import { UserError } from '../model/errors.js';
import { idOf } from '../model/install-paths.js';
import { isMember } from '../model/instance.js';
import type { Row } from '../model/resource.js';
import type { ContainerFacts, ContainerSpec } from '../model/specs.js';
import type { Context } from './context.js';
import { refuseSwarm } from './local-only.js';

/**
 * Where a command without `--stack` looks for a container: in the stack of the file, or among
 * imperative containers, as the commands below `baleine container` do.
 */
export type StackScope = 'file' | 'imperative';

/**
 * The stack of a command: in `--stack`, else that of the command's scope. Where there is no file, the
 * one stack of this host that has what is named.
 *
 * @param names of containers, farms or services
 */
export async function scopedStack(
  context: Context,
  stack: string | undefined,
  scope: StackScope,
  names: readonly string[] = [],
): Promise<string> {
  if (stack === undefined && scope === 'imperative') return IMPERATIVE_STACK;
  const { withoutFile } = context.options;
  if (stack !== undefined || !withoutFile || names.length === 0) return stackName(context, stack);
  return stackWith(context.state().rows, names);
}

/** @throws UserError unless exactly one stack has a container, farm or service of each name */
function stackWith(rows: readonly Row[], names: readonly string[]): string {
  const stacks = [...new Set(rows.map(({ stack }) => stack))];
  const having = stacks.filter((stack) =>
    names.every((name) => membersOf(rows, stack, name).length > 0),
  );
  const [only, ...others] = having;
  if (only !== undefined && others.length === 0) return only;
  const shown = names.map(shownName).join(' and ');
  const what = `container${names.length > 1 ? 's' : ''}`;
  if (only === undefined) {
    throw new UserError(
      `cannot find ${what} ${shown}: there is no baleine.yaml here, and no stack has ${names.length > 1 ? 'them' : 'it'}`,
      'baleine ps --all-stacks lists all containers; -f names a file.',
    );
  }
  throw new UserError(
    `cannot tell which ${what} ${shown} you mean: there is no baleine.yaml here, and several stacks have ${names.length > 1 ? 'them' : 'it'}`,
    `Say which: ${having.map((each) => `--stack ${each}`).join(' or ')}`,
  );
}

/**
 * The stack of this host that is named by `--stack`, else the file's.
 *
 * @throws UserError if the file's is on a swarm
 */
export async function stackName(context: Context, stack?: string): Promise<string> {
  if (stack === undefined) {
    const config = await context.config();
    refuseSwarm(config);
    return config.name;
  }
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

/**
 * Containers of a stack by their own name, or by that of their farm or service; all but one-off
 * containers when none is named. @throws UserError for an unknown one
 */
export function selectContainers(
  rows: readonly Row[],
  stack: string,
  names: readonly string[],
  purpose: string,
): ContainerRow[] {
  const all = findContainers(rows, stack, [], purpose).sort((a, b) => byName(a.name, b.name));
  if (names.length === 0) return all.filter(({ spec }) => !spec.one_off);
  const found = names.map((name) => {
    const members = membersOf(rows, stack, name);
    if (members.length === 0) throw notFound(rows, stack, name, purpose);
    return members;
  });
  const wanted = new Set(found.flat());
  return all.filter((row) => wanted.has(row));
}

/** The container of that name, else those of the farm or service of that name. */
export function membersOf(rows: readonly Row[], stack: string, name: string): ContainerRow[] {
  const all = rows.filter((row) => row.kind === 'container' && row.stack === stack);
  const own = all.filter((row) => row.name === name);
  const found = own.length > 0 ? own : all.filter((row) => isMember(row.name, name));
  return found as ContainerRow[];
}

const shownName = (name: string) => (NAME.test(name) ? name : JSON.stringify(name));

function notFound(rows: readonly Row[], stack: string, name: string, purpose: string): UserError {
  const others = rows.filter((row) => row.kind === 'container' && row.name === name);
  const of = stack === IMPERATIVE_STACK ? 'created imperatively' : `in stack ${stack}`;
  return new UserError(
    `cannot ${purpose} container ${shownName(name)}: there is none of that name ${of}`,
    others[0] ? `There is one in stack ${others[0].stack}: --stack ${others[0].stack}` : undefined,
  );
}

/**
 * The id of a container by its name in a stack, or of an instance of a service or farm of that name.
 *
 * @param index which one, from 1; default: the first
 * @throws UserError for an instance that does not exist; a container may not exist
 */
export async function containerId(
  context: Context,
  name: string,
  stack: string | undefined,
  scope: StackScope,
  index?: number,
): Promise<string> {
  if (!NAME.test(name)) {
    throw new UserError(`cannot find container ${name}: that is no name`, 'baleine ps lists them');
  }
  const scoped = await scopedStack(context, stack, scope, [name]);
  const members = membersOf(context.state().rows, scoped, name);
  const isAlone = members.length === 0 || members[0]?.name === name;
  if (isAlone && (index ?? 1) === 1) return idOf(scoped, name);
  const names = [`${name}-${index ?? 1}`, `${name}-server-${index ?? 1}`];
  const found = members.find((row) => names.includes(row.name));
  if (found) return found.spec.id;
  throw new UserError(
    `cannot find instance ${index ?? 1} of ${name}`,
    isAlone
      ? 'It is a single container.'
      : `There is: ${members.map((row) => row.name).join(', ')}`,
  );
}
