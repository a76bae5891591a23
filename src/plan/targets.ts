import { type Address, addressOf } from '../model/address.js';
import { UserError } from '../model/errors.js';
import { FORWARDER, formatHostPort } from '../model/publish.js';
import type { Resource, Row } from '../model/resource.js';
import type { ContainerSpec } from '../model/specs.js';

/**
 * What `--target` selects: the targets, the forwarder of their published ports, all their
 * dependencies, and the dependents of what is deleted.
 */
export function selectTargets(
  targets: readonly Address[],
  resources: readonly Resource[],
  rows: readonly Row[],
): (address: Address) => boolean {
  if (targets.length === 0) return () => true;
  const needs = new Map(resources.map(({ address, needs: list }) => [address, list]));
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
  for (const each of targets) forwarderTargets(each, resources, rows).forEach(add);
  return (address) => selected.has(address);
}

/** `--replace` and `--target` accept addresses of this stack only. */
export function rejectUnknown(addresses: readonly Address[], known: ReadonlySet<Address>): void {
  const unknown = addresses.filter((address) => !known.has(address));
  if (unknown.length === 0) return;
  throw new UserError(
    `no such resource in this stack: ${unknown.join(', ')}`,
    `It has: ${[...known].join(', ')}`,
  );
}

const FORWARDER_RESOURCES = (['image', 'config', 'container'] as const).map((kind) =>
  addressOf(kind, FORWARDER),
);

/**
 * The forwarder's resources, if a target has forwarded ports now or will have: the container runs
 * without the forwarder, but targeting it includes its ports.
 */
export function forwarderTargets(
  address: Address,
  resources: readonly Resource[],
  rows: readonly Row[],
): Address[] {
  const isIt = ({ kind, name }: Resource | Row) => addressOf(kind, name) === address;
  const all = [resources.find(isIt), rows.find(isIt)] as (
    | Resource<Partial<ContainerSpec>>
    | undefined
  )[];
  return all.some((each) => each && isForwarded(each.spec)) ? FORWARDER_RESOURCES : [];
}

function isForwarded({ publish = [], sockets = [] }: Partial<ContainerSpec>): boolean {
  const own = new Set(sockets.map(formatHostPort));
  return publish.some((each) => !own.has(formatHostPort(each)));
}
