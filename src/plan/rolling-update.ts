import type { Address } from '../model/address.js';
import { addressOf } from '../model/address.js';
import type { InstallPaths } from '../model/install-paths.js';
import type { Plan, Unit } from '../model/plan.js';
import type { Resource, Rolling, Row } from '../model/resource.js';
import { type Decision, decide } from './decide.js';
import type { Kinds, Observed } from './observe.js';
import { dropId, finalizeUnit, putId, retireUnit, type UnitContext, unitsOf } from './units.js';

/** A decision and what carries it out. */
export interface PlannedDecision {
  decision: Decision;
  units: Unit[];
}

interface Input {
  resources: readonly Resource[];
  rows: readonly Row[];
  observed: Observed;
  kinds: Kinds;
  site: InstallPaths;
}

export interface RollingUpdates {
  works: PlannedDecision[];
  /** Those that are replaced one after the other: for whoever needs them some are always there. */
  available: ReadonlySet<Address>;
  rollbacks: NonNullable<Plan['rollbacks']>;
}

/**
 * Has those that stand for each other be replaced a few at a time, each turn after the one before
 * went well. With `start-first` spares stand in meanwhile.
 */
export function planRollingUpdates(all: PlannedDecision[], input: Input): RollingUpdates {
  const rolled = all.filter((work) => needsRolling(work, input.kinds));
  const groups = new Set(rolled.map(({ decision }) => decision.resource?.rolling?.through));
  const available = new Set(rolled.map(addressIn));
  const rollouts = [...groups].map((through) => {
    const belongs = ({ decision }: PlannedDecision) =>
      decision.resource?.rolling?.through === through;
    return rollGroup(all.filter(belongs), rolled.filter(belongs), input);
  });
  const ways = rollouts.flatMap((works) => transitionOf(works, all, rolled, input));
  const works = [...rollouts.flat(), ...ways];
  const needed = new Set(works.map(addressIn));
  // a spare of an earlier run was to go before it was known that it is needed again
  const rest = all.filter(
    (each) => !groups.has(each.decision.resource?.rolling?.through) && !needed.has(addressIn(each)),
  );
  const left = input.resources.filter(
    ({ spare, rolling }) => spare && !groups.has(rolling?.through),
  );
  const rollbacks = rollouts.flatMap(rollbackOf);
  return { works: [...left.reduce(retireLeftover, rest), ...works], available, rollbacks };
}

/**
 * One that stood in, if it is there still, goes after those have come back that it stood in for, and
 * before what they are reached through changes: a proxy's new worker would know nothing of the
 * requests that it is at.
 */
function retireLeftover(
  works: PlannedDecision[],
  { address, rolling }: Resource,
): PlannedDecision[] {
  const isGoing = (work: PlannedDecision) => !work.decision.resource && addressIn(work) === address;
  if (!works.some(isGoing)) return works;
  const group = works.filter(
    ({ decision }) => decision.resource?.rolling?.through === rolling?.through,
  );
  return works.map((work) => {
    if (isGoing(work)) return needing(work, group.map(putOf));
    return addressIn(work) === rolling?.through ? needing(work, [dropId(address)]) : work;
  });
}

function needing(
  { decision, units: [head, ...tail] }: PlannedDecision,
  more: string[],
): PlannedDecision {
  return { decision, units: head ? [{ ...head, needs: [...head.needs, ...more] }, ...tail] : [] };
}

/** Whichever of them fails, those that have changed go back. */
function rollbackOf(works: PlannedDecision[]): RollingUpdates['rollbacks'] {
  const { group = '', rolling } = works[0]?.decision.resource ?? {};
  if (rolling?.failure_action !== 'rollback') return [];
  return [{ service: group.replace(/^\w+\./, ''), units: works.map(putOf) }];
}

/** What they are reached through, if it cannot be as it is to be before all had their turn. */
function transitionOf(
  works: PlannedDecision[],
  all: PlannedDecision[],
  rolled: PlannedDecision[],
  input: Input,
): PlannedDecision[] {
  const through = works[0]?.decision.resource?.rolling?.through;
  const way = all.find((each) => addressIn(each) === through);
  const turning = new Set(rolled.map(addressIn));
  const rows = works
    .filter((each) => each.decision.resource?.spare || turning.has(addressIn(each)))
    .flatMap((each) => each.decision.row ?? []);
  const turns = works.flatMap(({ units }) => units.map(({ id }) => id));
  const settled = way && finalizing(way.decision, rows, turns, input);
  return settled ? [settled] : [];
}

/** What only comes back, or changes while it goes on working, does not wait for its turn. */
function needsRolling({ decision, units }: PlannedDecision, kinds: Kinds): boolean {
  const { action, resource, differences } = decision;
  if (!resource?.rolling) return false;
  if (differences.length > 0 && differences.every(({ cause }) => cause === 'drift')) return false;
  const interrupts = kinds[resource.kind].interrupts;
  const stops = units.some(({ steps }) => interrupts?.(steps));
  return action === 'replace' || (action === 'update' && stops);
}

function rollGroup(
  group: PlannedDecision[],
  rolled: PlannedDecision[],
  input: Input,
): PlannedDecision[] {
  const rolling = rolled[0]?.decision.resource?.rolling as Rolling;
  const others = group.filter((work) => !rolled.includes(work));
  const spares = sparePlans(rolling, rolled.length, input);
  const turns = batchesOf(rolled, rolling.parallelism);
  const first = [...pathUnits(rolling, input), ...[...others, ...spares].map(putOf)];
  const linked = turns.flatMap((turn, index) => {
    const before = turns[index - 1]?.map(putOf);
    const told = turns.length > 1 ? [`turn ${index + 1} of ${turns.length}`] : [];
    return turn.map((work) => afterBatch(work, first, before, rolling, told));
  });
  return [
    ...others,
    ...spares.map((each) => withRetirement(each, rolling, rolled, input)),
    ...linked,
  ];
}

/** Those first that an earlier run has left half done: they serve nobody. */
function batchesOf(rolled: PlannedDecision[], size: number): PlannedDecision[][] {
  const isHalf = ({ decision }: PlannedDecision) => decision.row?.status === 'pending';
  const sorted = [...rolled.filter(isHalf), ...rolled.filter((each) => !isHalf(each))];
  const count = Math.ceil(sorted.length / size);
  return Array.from({ length: count }, (_, i) => sorted.slice(i * size, (i + 1) * size));
}

function afterBatch(
  { decision, units: [head, ...tail] }: PlannedDecision,
  first: string[],
  before: string[] | undefined,
  { failure_action }: Rolling,
  told: string[],
): PlannedDecision {
  const goOn = failure_action === 'continue' && before;
  const needs = goOn ? first : (before ?? first);
  const units = head ? [{ ...head, needs, ...(goOn && { after: before }) }, ...tail] : tail;
  return { decision: { ...decision, reasons: [...decision.reasons, ...told] }, units };
}

function sparePlans({ order, through }: Rolling, most: number, input: Input): PlannedDecision[] {
  if (order !== 'start-first') return [];
  const spares = input.resources.filter(
    ({ spare, rolling }) => spare && rolling?.through === through,
  );
  return spares.slice(0, most).map((spare) => {
    const row = rowOf(spare, input.rows);
    const found = decide(spare, row, input.observed, input.kinds);
    const decision = found ?? reuseSpare(spare, row as Row, input.observed);
    const [head, ...tail] = unitsOf(decision, input) as [Unit, ...Unit[]];
    const units = [{ ...head, needs: pathUnits({ through }, input) }, ...tail];
    return { decision: { ...decision, reasons: [STANDS_IN] }, units };
  });
}

/** What they are reached through, and who goes by it: a proxy that is made anew is told of no turn. */
function pathUnits({ through }: Pick<Rolling, 'through'>, { resources }: Input): string[] {
  const readers = resources.filter(({ needs }) => needs.includes(through));
  return [through, ...readers.map(({ address }) => address)].map(putId);
}

const STANDS_IN = 'stands in while others are replaced, then goes';

/** It is there from an earlier run; the proxy may have been started since, and not know of it. */
function reuseSpare(resource: Resource, row: Row, { states }: Observed): Decision {
  const reason = 'stands in again';
  const again = { attribute: 'rotation', cause: 'drift', effect: 'update', reason } as const;
  const differences = [again];
  return {
    action: 'update',
    reasons: [reason],
    differences,
    resource,
    row,
    observed: states.get(resource.address),
  };
}

function withRetirement(
  work: PlannedDecision,
  { failure_action }: Rolling,
  rolled: PlannedDecision[],
  input: Input,
): PlannedDecision {
  const { resource, row } = work.decision;
  const unit = retireUnit(resource as Resource, row, input.kinds, input.site);
  const over = rolled.map(putOf);
  const order = failure_action === 'continue' ? { after: over } : { needs: over };
  return { ...work, units: [...work.units, { ...unit, ...order }] };
}

function rowOf({ kind, name }: Resource, rows: readonly Row[]): Row | undefined {
  return rows.find((row) => row.kind === kind && row.name === name);
}

const addressIn = ({ decision: { resource, row } }: PlannedDecision): Address =>
  resource?.address ?? addressOf((row as Row).kind, (row as Row).name);
const putOf = (work: PlannedDecision) => putId(addressIn(work));

interface FinalizeInput extends UnitContext {
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
export function finalizing(
  decision: Decision,
  rows: readonly Row[],
  turns: string[],
  input: FinalizeInput,
): { decision: Decision; units: Unit[] } | undefined {
  const { observed, kinds, site } = input;
  const { resource, row, action, reasons } = decision;
  const spec = resource?.transitionalSpec?.(rows);
  if (!resource || spec === undefined) return undefined;
  const first = decide(
    { ...resource, spec },
    row,
    observed,
    kinds,
    action === 'replace' ? 'replace' : undefined,
  );
  const last = finalizeUnit(resource, spec, 'all have had their turn', kinds, site);
  return {
    decision: { ...decision, reasons: [...reasons, 'in full once all have had their turn'] },
    units: [...(first ? unitsOf(first, input) : []), { ...last, needs: turns }],
  };
}
