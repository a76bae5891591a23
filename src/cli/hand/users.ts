import { UserError } from '../../model/errors.js';

/** @throws UserError that names who uses what is to go; nothing when nobody does */
export function refuseUsed(
  purpose: string,
  users: readonly { kind: string; stack: string; name: string }[],
): void {
  if (users.length === 0) return;
  const names = users.map(({ kind, stack, name }) => `${kind} ${name} of stack ${stack}`);
  const of = names.map((each) => each.replace(/ of stack -$/, ''));
  throw new UserError(`cannot ${purpose}: in use by ${of.join(', ')}`, 'Remove those first.');
}
