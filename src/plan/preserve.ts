import { type Address, addressOf } from '../model/address.js';
import { digest } from '../model/json.js';
import type { Unit } from '../model/plan.js';
import { isNeverCreated, type Resource, type Row, resourceFromRow } from '../model/resource.js';
import type { Decision } from './decide.js';
import type { Observed } from './observe.js';
import type { PlannedDecision } from './rolling-update.js';
import { putId, type UnitContext } from './units.js';

interface Input extends UnitContext {
  resources: readonly Resource[];
  observed: Observed;
}

/**
 * Saves what resources hold before others that need them are replaced: once each, before anything that
 * needs them is touched. Without it, none of that is done.
 *
 * @returns the plans, and the units that save
 */
export function planPreservation(
  planned: PlannedDecision[],
  input: Input,
): { planned: PlannedDecision[]; saving: Unit[] } {
  const replaced = planned.filter(isReplaced);
  if (replaced.length === 0) return { planned, saving: [] };
  const { rows, peers = rows, kinds } = input;
  const holders = peers.filter(({ kind }) => kinds[kind].preserve);
  const saving: Unit[] = [];
  let plans = planned;
  for (const row of holders) {
    const address = addressOf(row.kind, row.name);
    const found = preservation(row, replaced.filter(needing(address)), input);
    if (!found) continue;
    const { unit, text } = found;
    saving.push(unit);
    plans = plans.map((each) => withFirst(each, address, unit.id, text));
  }
  return { planned: plans, saving };
}

function preservation(row: Row, replaced: readonly PlannedDecision[], input: Input) {
  const { resources, observed, kinds, rows, peers = rows } = input;
  const { kind, name, spec, needs, protect } = row;
  const address = addressOf(kind, name);
  if (replaced.length === 0 || !observed.states.has(address) || isNeverCreated(row)) {
    return undefined;
  }
  const resource = resources.find((each) => each.address === address) ?? resourceFromRow(row);
  const users = peers.filter((each) => each.needs.includes(address));
  const change = digest(
    replaced.map(({ decision }) => [decision.resource?.address, decision.resource?.spec]),
    16,
  );
  const found = kinds[kind].preserve?.(resource, row, users, change);
  if (!found) return undefined;
  const unit: Unit = {
    ...{ id: `preserve ${address}`, mode: 'put', address, kind, name, spec },
    ...{ resourceNeeds: needs, protect, keepFacts: true, steps: found.steps, needs: [] },
  };
  return { unit, text: found.text };
}

/** A retry of a creation replaces nothing: what it follows has removed the old one. */
function isReplaced({ decision: { action, row, resource } }: PlannedDecision): boolean {
  if (!resource || !row) return false;
  return action === 'replace' || (action === 'create' && row.status === 'ready');
}

const needing =
  (address: Address) =>
  ({ decision: { row, resource } }: PlannedDecision): boolean =>
    [row, resource].some((each) => each?.needs.includes(address));

/** Whatever needs it waits, also a spare that takes over from a replaced one. */
function withFirst(
  { decision, units }: PlannedDecision,
  address: Address,
  first: string,
  text: string,
): PlannedDecision {
  const waits = needing(address)({ decision, units });
  const own = putId(address);
  const noted: Decision =
    waits && isReplaced({ decision, units })
      ? { ...decision, reasons: [...decision.reasons, text] }
      : decision;
  return {
    decision: noted,
    units: units.map((unit) =>
      waits || unit.id === own ? { ...unit, needs: [...unit.needs, first] } : unit,
    ),
  };
}
