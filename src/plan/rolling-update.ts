import type { Address } from '../model/address.js';
import { addressOf } from '../model/address.js';
import type { InstallPaths } from '../model/install-paths.js';
import type { Plan, Unit } from '../model/plan.js';
import type { Resource, Rolling, Row } from '../model/resource.js';
import { type Decision, decide } from './decide.js';
import type { Kinds, Observed } from './observe.js';
import { dropId, finalizeUnit, putId, retireUnit, type UnitContext, unitsOf } from './units.js';

/** A decision and the units that implement it. */
export interface PlannedDecision {
  decision: Decision;
  units: Unit[];
}

interface Input {
  resources: readonly Resource[];
  rows: readonly Row[];
  observed: Observed;
  kinds: Kinds;
  paths: InstallPaths;
}

export interface RollingUpdates {
  planned: PlannedDecision[];
  /** Instances that are replaced in batches, and their spares: some of them always run. */
  rolling: ReadonlySet<Address>;
  rollbacks: NonNullable<Plan['rollbacks']>;
}

/**
 * Replaces interchangeable instances in batches, each after the previous one succeeded. With
 * `start-first`, spares serve during the update.
 */
export function planRollingUpdates(all: PlannedDecision[], input: Input): RollingUpdates {
  const rolled = all.filter((each) => needsRolling(each, input.kinds));
  const groups = new Set(rolled.map(({ decision }) => decision.resource?.rolling?.through));
  const rollouts = [...groups].map((through) => {
    const belongs = ({ decision }: PlannedDecision) =>
      decision.resource?.rolling?.through === through;
    return rollGroup(all.filter(belongs), rolled.filter(belongs), input);
  });
  const spares = rollouts.flat().filter(({ decision }) => decision.resource?.spare);
  const rolling = new Set([...rolled, ...spares].map(addressIn));
  const transitions = rollouts.flatMap((planned) => transitionOf(planned, all, rolled, input));
  const planned = [...rollouts.flat(), ...transitions];
  const needed = new Set(planned.map(addressIn));
  // a spare of an earlier run was to be deleted before it was known that it is needed again
  const rest = all.filter(
    (each) => !groups.has(each.decision.resource?.rolling?.through) && !needed.has(addressIn(each)),
  );
  const left = input.resources.filter(
    ({ spare, rolling }) => spare && !groups.has(rolling?.through),
  );
  const rollbacks = rollouts.flatMap(rollbackOf);
  return { planned: [...left.reduce(retireLeftover, rest), ...planned], rolling, rollbacks };
}

/**
 * A leftover spare is deleted after the instances it replaced are back, and before the proxy's
 * configuration changes: a new proxy worker would not know of the requests that it still serves.
 */
function retireLeftover(
  planned: PlannedDecision[],
  { address, rolling }: Resource,
): PlannedDecision[] {
  const isGoing = (each: PlannedDecision) => !each.decision.resource && addressIn(each) === address;
  if (!planned.some(isGoing)) return planned;
  const group = planned.filter(
    ({ decision }) => decision.resource?.rolling?.through === rolling?.through,
  );
  return planned.map((each) => {
    if (isGoing(each)) return needing(each, group.map(putOf));
    return addressIn(each) === rolling?.through ? needing(each, [dropId(address)]) : each;
  });
}

function needing(
  { decision, units: [head, ...tail] }: PlannedDecision,
  more: string[],
): PlannedDecision {
  return { decision, units: head ? [{ ...head, needs: [...head.needs, ...more] }, ...tail] : [] };
}

/** If any of them fails, those already changed are rolled back. */
function rollbackOf(planned: PlannedDecision[]): RollingUpdates['rollbacks'] {
  const { group = '', rolling } = planned[0]?.decision.resource ?? {};
  if (rolling?.failure_action !== 'rollback') return [];
  return [{ service: group.replace(/^\w+\./, ''), units: planned.map(putOf) }];
}

/**
 * The transition of the resource they are reached through, if it cannot get its final spec before
 * all batches are done.
 */
function transitionOf(
  planned: PlannedDecision[],
  all: PlannedDecision[],
  rolled: PlannedDecision[],
  input: Input,
): PlannedDecision[] {
  const through = planned[0]?.decision.resource?.rolling?.through;
  const proxyConfig = all.find((each) => addressIn(each) === through);
  const rolling = new Set(rolled.map(addressIn));
  const rows = planned
    .filter((each) => each.decision.resource?.spare || rolling.has(addressIn(each)))
    .flatMap((each) => each.decision.row ?? []);
  const unitIds = planned.flatMap(({ units }) => units.map(({ id }) => id));
  const finalized = proxyConfig && finalizing(proxyConfig.decision, rows, unitIds, input);
  return finalized ? [finalized] : [];
}

/** A repair of drift, or a change that does not interrupt service, does not wait for a batch. */
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
  const others = group.filter((each) => !rolled.includes(each));
  const spares = sparePlans(rolling, rolled.length, input);
  const batches = batchesOf(rolled, rolling.parallelism);
  const first = [...pathUnits(rolling, input), ...[...others, ...spares].map(putOf)];
  const linked = batches.flatMap((batch, index) => {
    const before = batches[index - 1]?.map(putOf);
    const progress = batches.length > 1 ? [`batch ${index + 1} of ${batches.length}`] : [];
    return batch.map((each) => afterBatch(each, first, before, rolling, progress));
  });
  return [
    ...others,
    ...spares.map((each) => withRetirement(each, rolling, rolled, input)),
    ...linked,
  ];
}

/** Unfinished instances of an earlier run first: they serve nobody. */
function batchesOf(rolled: PlannedDecision[], size: number): PlannedDecision[][] {
  const isUnfinished = ({ decision }: PlannedDecision) => decision.row?.status === 'pending';
  const sorted = [...rolled.filter(isUnfinished), ...rolled.filter((each) => !isUnfinished(each))];
  const count = Math.ceil(sorted.length / size);
  return Array.from({ length: count }, (_, i) => sorted.slice(i * size, (i + 1) * size));
}

function afterBatch(
  { decision, units: [head, ...tail] }: PlannedDecision,
  first: string[],
  before: string[] | undefined,
  { failure_action }: Rolling,
  progress: string[],
): PlannedDecision {
  const goOn = failure_action === 'continue' && before;
  const needs = goOn ? first : (before ?? first);
  const units = head ? [{ ...head, needs, ...(goOn && { after: before }) }, ...tail] : tail;
  return { decision: { ...decision, reasons: [...decision.reasons, ...progress] }, units };
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

/**
 * The proxy's configuration and its readers: a proxy that is recreated has to be there before the
 * first batch.
 */
function pathUnits({ through }: Pick<Rolling, 'through'>, { resources }: Input): string[] {
  const readers = resources.filter(({ needs }) => needs.includes(through));
  return [through, ...readers.map(({ address }) => address)].map(putId);
}

const STANDS_IN = 'spare during the update, deleted at its end';

/**
 * The spare exists from an earlier run; the proxy may have been restarted since and not know it.
 */
function reuseSpare(resource: Resource, row: Row, { states }: Observed): Decision {
  const reason = 'spare serves again';
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
  each: PlannedDecision,
  { failure_action }: Rolling,
  rolled: PlannedDecision[],
  input: Input,
): PlannedDecision {
  const { resource, row } = each.decision;
  const unit = retireUnit(resource as Resource, row, input.kinds, input.paths);
  const replaced = rolled.map(putOf);
  const order = failure_action === 'continue' ? { after: replaced } : { needs: replaced };
  return { ...each, units: [...each.units, { ...unit, ...order }] };
}

function rowOf({ kind, name }: Resource, rows: readonly Row[]): Row | undefined {
  return rows.find((row) => row.kind === kind && row.name === name);
}

const addressIn = ({ decision: { resource, row } }: PlannedDecision): Address =>
  resource?.address ?? addressOf((row as Row).kind, (row as Row).name);
const putOf = (each: PlannedDecision) => putId(addressIn(each));

interface FinalizeInput extends UnitContext {
  observed: Observed;
}

/**
 * The proxy's configuration while its servers are being replaced, if they are not yet reachable as
 * desired: first a transitional one, and the final one after all batches. After a crash or a
 * stopped update, the transitional one may already be in place.
 *
 * @param rows of the instances being replaced, and of existing spares
 * @param unitIds of all units between the two configurations
 * @returns undefined if the final configuration can be applied at once
 */
export function finalizing(
  decision: Decision,
  rows: readonly Row[],
  unitIds: string[],
  input: FinalizeInput,
): { decision: Decision; units: Unit[] } | undefined {
  const { observed, kinds, paths } = input;
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
  const last = finalizeUnit(resource, spec, 'all instances are updated', kinds, paths);
  return {
    decision: {
      ...decision,
      reasons: [...reasons, 'final version once all instances are updated'],
    },
    units: [...(first ? unitsOf(first, input) : []), { ...last, needs: unitIds }],
  };
}
