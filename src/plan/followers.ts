import type { Kinds, PlannedSteps } from '../kinds/kind.js';
import { type Address, addressOf } from '../model/address.js';
import type { Difference } from '../model/plan.js';
import type { Resource, Row } from '../model/resource.js';
import { decide } from './decide.js';
import type { Observed } from './observe.js';
import type { PlannedDecision } from './rolling-update.js';
import { type UnitContext, unitsOf } from './units.js';

interface Input extends UnitContext {
  resources: readonly Resource[];
  observed: Observed;
  kinds: Kinds;
}

/**
 * Adds restarts of what cannot go on as it is after others are changed, such as a container in the
 * network of another one. A restart can take others of that kind, so this goes on until none is new.
 */
export function planFollowers(planned: PlannedDecision[], input: Input): PlannedDecision[] {
  if (planned.every(({ units }) => units.length === 0)) return planned;
  const { resources, rows, observed, kinds } = input;
  const plans = new Map(planned.map((each) => [addressIn(each), each]));
  const rowOf = new Map(rows.map((row) => [addressOf(row.kind, row.name), row]));
  const candidates = resources.filter(({ kind, address, spare }) => {
    return !spare && kinds[kind].follow && rowOf.has(address) && observed.states.has(address);
  });
  const stepsOf: PlannedSteps = (address) => {
    const found = plans.get(address);
    if (!found) return undefined;
    const { differences } = found.decision;
    const drift = differences.length > 0 && differences.every(({ cause }) => cause === 'drift');
    return { drift, steps: found.units.flatMap(({ steps }) => steps) };
  };
  const follow = (resource: Resource): boolean => {
    const { address, kind } = resource;
    const before = plans.get(address);
    if (before && isInterrupted(before, kinds)) return false;
    const [row, seen] = [rowOf.get(address) as Row, observed.states.get(address)];
    const found = kinds[kind].follow?.(resource, row, seen, stepsOf);
    if (!found) return false;
    const { reason, drift } = found;
    const cause = drift ? 'drift' : 'file';
    const restart: Difference = { attribute: 'restart', cause, effect: 'update', reason };
    const decision = decide(resource, row, observed, kinds, restart);
    if (decision) plans.set(address, { decision, units: unitsOf(decision, input) });
    return decision !== undefined;
  };
  for (let left = candidates; ; ) {
    const others = left.filter((each) => !follow(each));
    if (others.length === left.length) return [...plans.values()];
    left = others;
  }
}

/** Whether this plan starts it again anyway, or is removed. */
function isInterrupted({ decision, units }: PlannedDecision, kinds: Kinds): boolean {
  const { action, resource } = decision;
  if (action !== 'update' || !resource) return true;
  return units.some(({ steps }) => kinds[resource.kind].interrupts?.(steps));
}

const addressIn = ({ decision: { resource, row } }: PlannedDecision): Address =>
  resource?.address ?? addressOf((row as Row).kind, (row as Row).name);
