import type { Unit } from '../model/plan.js';
import type { Row } from '../model/resource.js';
import { type Decision, decide } from './decide.js';
import type { Observed } from './observe.js';
import { type Surroundings, settleUnit, unitsOf } from './units.js';

interface Input extends Surroundings {
  observed: Observed;
}

/**
 * What those that take turns are reached through, when it is to ask for what they are not yet: at
 * first it is as it can be meanwhile, and once all had their turn as it is to be. After a crash or a
 * roll-out that stopped it may be as it can be already.
 *
 * @param rows of those that take turns, and of spares that are there
 * @param turns the ids of all units that are to be done in between
 * @returns undefined when it may be as it is to be at once
 */
export function settling(
  decision: Decision,
  rows: readonly Row[],
  turns: string[],
  input: Input,
): { decision: Decision; units: Unit[] } | undefined {
  const { observed, kinds, site } = input;
  const { resource, row, action, reasons } = decision;
  const spec = resource?.meanwhile?.(rows);
  if (!resource || spec === undefined) return undefined;
  const first = decide(
    { ...resource, spec },
    row,
    observed,
    kinds,
    action === 'replace' ? 'replace' : undefined,
  );
  const last = settleUnit(resource, spec, 'all have had their turn', kinds, site);
  return {
    decision: { ...decision, reasons: [...reasons, 'in full once all have had their turn'] },
    units: [...(first ? unitsOf(first, input) : []), { ...last, needs: turns }],
  };
}
