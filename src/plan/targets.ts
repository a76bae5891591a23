import type { Kinds } from '../kinds/kind.js';
import { type Address, addressOf, parseAddress } from '../model/address.js';
import { UserError } from '../model/errors.js';
import type { Resource, Row } from '../model/resource.js';

/**
 * What `--target` selects: the targets, what their kinds include with them, all their dependencies,
 * and the dependents of what is deleted.
 *
 * @param how.alone without others of their kinds that they depend on
 */
export function selectTargets(
  targets: readonly Address[],
  resources: readonly Resource[],
  rows: readonly Row[],
  kinds: Kinds,
  { alone = false }: { alone?: boolean } = {},
): (address: Address) => boolean {
  if (targets.length === 0) return () => true;
  const ofKind = new Set(targets.map(kindOf));
  const isFollowed = (address: Address) =>
    !alone || targets.includes(address) || !ofKind.has(kindOf(address));
  const needs = new Map(
    resources.map(({ address, needs: list, createdFrom = [] }) => [
      address,
      [...list, ...createdFrom].filter(isFollowed),
    ]),
  );
  const recorded = rows.map((row) => ({ address: addressOf(row.kind, row.name), ...row }));
  rejectUnknown(targets, new Set([...needs.keys(), ...recorded.map(({ address }) => address)]));
  const neededBy = new Map<Address, Address[]>();
  for (const { address, needs: list } of recorded) {
    for (const need of list) neededBy.set(need, [...(neededBy.get(need) ?? []), address]);
  }
  const selected = new Set<Address>();
  const add = (first: Address) => {
    const waiting = [first];
    for (let address = waiting.pop(); address !== undefined; address = waiting.pop()) {
      if (selected.has(address)) continue;
      selected.add(address);
      const needed = needs.get(address);
      if (needed) waiting.push(...needed);
      else waiting.push(...(neededBy.get(address) ?? []));
    }
  };
  targets.forEach(add);
  for (const each of targets) alongside(each, resources, rows, kinds).forEach(add);
  return (address) => selected.has(address);
}

const kindOf = (address: Address) => parseAddress(address)?.kind;

/** `--replace` and `--target` accept addresses of this stack only. */
export function rejectUnknown(addresses: readonly Address[], known: ReadonlySet<Address>): void {
  const unknown = addresses.filter((address) => !known.has(address));
  if (unknown.length === 0) return;
  throw new UserError(
    `no such resource in this stack: ${unknown.join(', ')}`,
    `It has: ${[...known].join(', ')}`,
  );
}

/** Other resources that a target includes, by what is desired and by what is recorded of it. */
function alongside(
  address: Address,
  resources: readonly Resource[],
  rows: readonly Row[],
  kinds: Kinds,
): Address[] {
  const isIt = ({ kind, name }: Resource | Row) => addressOf(kind, name) === address;
  const found = [resources.find(isIt), rows.find(isIt)];
  return found.flatMap((each) => (each && kinds[each.kind].alongside?.(each.spec)) ?? []);
}
