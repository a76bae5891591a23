import type { Address } from '../model/address.js';
import type { Unit } from '../model/plan.js';
import { dropId, putId } from './units.js';

/**
 * Fills in the dependencies of each unit, and sorts the units topologically, otherwise keeping
 * their order.
 *
 * - A resource is put after its dependencies.
 * - It is dropped after all former dependents are dropped or no longer need it.
 * - A replacement is put after its drop; the drop waits for the dependencies of the replacement, so
 *   that nothing is torn down for a successor that cannot be created.
 * - A rolling update comes after the replacement of what its instances depend on: dropping them all
 *   first would interrupt the service.
 * - What it only wants, but can do without, has just ended before it.
 * - A unit may have extra dependencies; a unit with a special id has no others.
 *
 * @param rolling instances of rolling updates, and their spares. Dependents need not wait for them,
 *   because enough of them keep running.
 */
export function orderUnits(
  units: Unit[],
  recordedNeeds: ReadonlyMap<Address, Address[]>,
  rolling: ReadonlySet<Address> = new Set(),
): Unit[] {
  if (units.length === 0) return [];
  const byId = new Map(units.map((unit) => [unit.id, unit]));
  const dependents = invert(recordedNeeds);
  const present = (ids: string[]) => ids.filter((id) => byId.has(id));
  const linked = units.map((unit): Unit => {
    const { id, address, resourceNeeds, optional = [] } = unit;
    const needs = [...unit.needs];
    if (id === dropId(address))
      needs.push(...dropNeeds(unit, byId, dependents.get(address) ?? [], rolling));
    if (id === putId(address)) {
      const waits = resourceNeeds.filter((each) => !rolling.has(each) && !optional.includes(each));
      needs.push(dropId(address), ...waits.map(putId));
    }
    const others = [...(unit.after ?? []), ...(id === putId(address) ? optional.map(putId) : [])];
    const after = others.length > 0 && { after: present(others) };
    return { ...unit, needs: present([...new Set(needs)]), ...after };
  });
  return sort(linked);
}

function dropNeeds(
  { address }: Unit,
  byId: ReadonlyMap<string, Unit>,
  dependents: Address[],
  rolling: ReadonlySet<Address>,
): string[] {
  const successor = byId.get(putId(address));
  if (!successor) return dependents.flatMap((each) => [dropId(each), putId(each)]);
  const first = dependents.filter((each) => !rolling.has(each));
  const { resourceNeeds, optional = [] } = successor;
  const required = resourceNeeds.filter((each) => !optional.includes(each));
  const prepared = rolling.has(address)
    ? required.filter((each) => !rolling.has(each))
    : required.filter((each) => !byId.has(dropId(each)));
  return [...first.map(dropId), ...prepared.map(putId)];
}

function invert(needs: ReadonlyMap<Address, Address[]>): Map<Address, Address[]> {
  const dependents = new Map<Address, Address[]>();
  for (const [address, list] of needs) {
    for (const need of list) {
      const others = dependents.get(need);
      if (others) others.push(address);
      else dependents.set(need, [address]);
    }
  }
  return dependents;
}

/**
 * Depth first, without recursion, because a chain can be as long as the file. Cycles between
 * resources have been rejected by the checks of the file.
 */
function sort(units: Unit[]): Unit[] {
  const byId = new Map(units.map((unit) => [unit.id, unit]));
  const sorted = new Set<Unit>();
  const entered = new Set<Unit>();
  const needsOf = ({ needs, after = [] }: Unit) => [...needs, ...after].reverse();
  for (const first of units) {
    const path: { unit: Unit; left: string[] }[] = [];
    const enter = (unit: Unit) => {
      if (sorted.has(unit)) return;
      if (entered.has(unit)) throw new Error(`units wait for each other: ${unit.id}`);
      entered.add(unit);
      path.push({ unit, left: needsOf(unit) });
    };
    enter(first);
    for (let at = path.at(-1); at; at = path.at(-1)) {
      const id = at.left.pop();
      const need = id === undefined ? undefined : byId.get(id);
      if (need) enter(need);
      else if (id === undefined) {
        sorted.add(at.unit);
        path.pop();
      }
    }
  }
  return [...sorted];
}
