import { addressOf, parseAddress } from '../model/address.js';
import { UserError } from '../model/errors.js';
import type { Row } from '../model/resource.js';

/** The row of an address. @throws UserError naming what there is */
export function findRow(rows: readonly Row[], address: string, stack: string): Row {
  const wanted = parseAddress(address);
  const found = rows.find(({ kind, name }) => kind === wanted?.kind && name === wanted.name);
  if (found) return found;
  const there = rows.map(({ kind, name }) => addressOf(kind, name)).join(', ');
  throw new UserError(`no ${address} in stack ${stack}`, `It has: ${there || 'nothing'}`);
}
