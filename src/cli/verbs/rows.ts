import { NAME } from '../../model/address.js';
import { BY_HAND } from '../../model/by-hand.js';
import { UserError } from '../../model/errors.js';
import type { Row } from '../../model/resource.js';
import type { ContainerFacts, ContainerSpec } from '../../model/specs.js';

export type ContainerRow = Row<ContainerSpec, ContainerFacts>;

/** Containers of a stack by name, all of them when none is named. @throws UserError for an unknown one */
export function containersOf(
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
    throw unknown(rows, stack, name, purpose);
  });
}

function unknown(rows: readonly Row[], stack: string, name: string, purpose: string): UserError {
  const others = rows.filter((row) => row.kind === 'container' && row.name === name);
  const of = stack === BY_HAND ? 'made by hand' : `in stack ${stack}`;
  const shown = NAME.test(name) ? name : JSON.stringify(name);
  return new UserError(
    `cannot ${purpose} container ${shown}: there is none of that name ${of}`,
    others[0] ? `There is one in stack ${others[0].stack}: --stack ${others[0].stack}` : undefined,
  );
}
