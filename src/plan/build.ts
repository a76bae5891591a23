import { type Address, addressOf, byName } from '../model/address.js';
import { UserError } from '../model/errors.js';
import type { InstallPaths } from '../model/install-paths.js';
import type { Change, Plan, Unit } from '../model/plan.js';
import type { Resource, Row } from '../model/resource.js';
import { type Decision, decide, decideGone, decideOrphan, decideRelease } from './decide.js';
import { planFollowers } from './followers.js';
import type { Kinds, Observed } from './observe.js';
import { orderUnits } from './order.js';
import { keptNotes, planNotes, protectedRows, type Staying } from './plan-notes.js';
import { planPreservation } from './preserve.js';
import { planRollingUpdates } from './rolling-update.js';
import { rejectUnknown, selectTargets } from './targets.js';
import { dropId, putId, unitsOf } from './units.js';

export interface PlanInput {
  stack: string;
  /** Empty for destroy. */
  resources: readonly Resource[];
  /** Rows of this stack. */
  rows: readonly Row[];
  observed: Observed;
  kinds: Kinds;
  paths: InstallPaths;
  /** `--target`. Empty: everything. */
  targets?: readonly Address[];
  /** The targets without others of their kinds that they depend on. */
  alone?: boolean;
  /** `--replace`: replaced even if unchanged. */
  replace?: readonly Address[];
  /** Restarted even if unchanged. */
  restart?: readonly Address[];
  /** All rows of this stack, if `rows` is only a selection. */
  peers?: readonly Row[];
  /** Why rows without a resource are deleted. */
  goneReason?: string;
  /**
   * Whether resources that hold user data are deleted too; by default they are kept and reported.
   */
  deleteData?: boolean;
  /** Whether what is protected stays with all that it needs; by default the plan is refused. */
  keepProtected?: boolean;
  /** The user data that would be lost with a row: `12 files, 3.4M`. */
  dataSizes?: ReadonlyMap<Address, string>;
}

/** Pure: the same input always gives exactly the same plan. */
export function buildPlan(input: PlanInput): Plan {
  const { decisions: own, kept, staying } = decideAll(input);
  rejectConflicts(own, input);
  const { kinds } = input;
  const each = planFollowers(
    own.map((decision) => ({ decision, units: unitsOf(decision, input) })),
    input,
  );
  const decisions = each.map(({ decision }) => decision);
  const { planned: rolled, rolling, rollbacks } = planRollingUpdates(each, input);
  const { planned, saving } = planPreservation(rolled, input);
  const units = [...saving, ...planned.flatMap((each) => each.units)];
  const recordedNeeds = new Map(
    input.rows.map(({ kind, name, needs }) => [addressOf(kind, name), needs] as const),
  );
  const ordered = orderUnits(units, recordedNeeds, rolling);
  return {
    stack: input.stack,
    changes: changesOf(
      planned.map(({ decision }) => decision),
      ordered,
      kinds,
    ),
    units: ordered,
    ...(rollbacks.length > 0 && { rollbacks }),
    ...warningsIn(planned.map(({ decision }) => decision)),
    ...lossesOf(decisions, input),
    ...planNotes(input, decisions, keptNotes(input, kept, staying)),
  };
}

interface Decided {
  decisions: Decision[];
  /** Rows without a resource that stay because they hold user data. */
  kept: Row[];
  /** Rows that stay because they are protected, or needed by one that is. */
  staying: Staying;
}

function decideAll(input: PlanInput): Decided {
  const { rows, observed, kinds, targets = [], replace = [], restart = [], alone = false } = input;
  const forced = (address: Address) => {
    if (replace.includes(address)) return 'replace';
    return restart.includes(address) ? 'restart' : undefined;
  };
  const resources = input.resources.filter(({ spare }) => !spare);
  rejectUnknown(replace, new Set(resources.map(({ address }) => address)));
  const isSelected = selectTargets(targets, resources, rows, kinds, { alone });
  const rowOf = new Map(rows.map((row) => [addressOf(row.kind, row.name), row]));
  const desired = new Set(resources.map(({ address }) => address));
  const changed = resources
    .filter(({ address }) => isSelected(address))
    .map((each) => decide(each, rowOf.get(each.address), observed, kinds, forced(each.address)))
    .map((each) => each && withLoss(each, input));
  const gone = [...rowOf]
    .filter(([address]) => !desired.has(address) && isSelected(address))
    .sort(([a], [b]) => byName(a, b));
  const staying: Staying = input.keepProtected ? protectedRows(gone, input) : new Map();
  const isKept = ([address, row]: [Address, Row]) =>
    kinds[row.kind].keepsData !== undefined && !input.deleteData && observed.states.has(address);
  const deleted = gone
    .filter((each) => !isKept(each) && !staying.has(each[0]))
    .map(([address, row]) => decideGone(row, observed, whyGone(input, address)));
  const orphans = targets.length > 0 ? [] : observed.orphans.map(decideOrphan);
  const kept = gone.filter(isKept).map(([, row]) => row);
  const released = kept
    .filter(({ kind, name }) => !staying.has(addressOf(kind, name)))
    .map((row) => decideRelease(row, observed, kinds));
  const all = [...changed, ...deleted, ...released, ...orphans];
  return {
    decisions: all.filter((each) => each !== undefined),
    kept,
    staying,
  };
}

function lossesOf(decisions: Decision[], { dataSizes }: PlanInput): Pick<Plan, 'losses'> {
  const losses = decisions.flatMap(({ action, row }) => {
    if (!row || (action !== 'delete' && action !== 'replace')) return [];
    const address = addressOf(row.kind, row.name);
    const size = dataSizes?.get(address);
    return size !== undefined ? [{ address, text: `${size} will be lost` }] : [];
  });
  return losses.length > 0 ? { losses } : {};
}

/** Adds the data that is lost by an explicitly requested replacement. */
function withLoss(decision: Decision, { dataSizes }: PlanInput): Decision {
  const { action, resource, reasons } = decision;
  const size = resource && action === 'replace' ? dataSizes?.get(resource.address) : undefined;
  return size === undefined
    ? decision
    : { ...decision, reasons: [...reasons, `${size} will be lost`] };
}

function whyGone({ goneReason, resources, dataSizes }: PlanInput, address: Address): string {
  const isSpare = resources.some((each) => each.spare && each.address === address);
  const reason = goneReason ?? (isSpare ? 'no longer needed' : 'no longer in the file');
  const size = dataSizes?.get(address);
  return size === undefined ? reason : `${reason}: ${size} will be lost`;
}

/** Reports every conflict at once, before anything is done. */
function rejectConflicts(decisions: Decision[], input: PlanInput): void {
  const owners = previousOwnerIn(input);
  const occupied = decisions.flatMap(({ action, resource, row }) => {
    if (action !== 'create' || !resource) return [];
    const { foreign } = input.observed;
    const reason = (row ? undefined : owners(resource)) ?? foreign.get(resource.address);
    return reason ? [`cannot create ${resource.address}: ${reason}`] : [];
  });
  const kept = decisions.filter(
    ({ action, row, resource }) =>
      (action === 'delete' && row?.protect) || (action === 'replace' && resource?.protect),
  );
  const guarded = kept.map(
    ({ action, row, reasons }) =>
      `cannot ${action} ${row?.kind}.${row?.name}: it is protected (${reasons.join(', ')})`,
  );
  const lost = decisions.flatMap(({ action, resource, reasons }) => {
    const holdsData = resource && input.kinds[resource.kind].keepsData !== undefined;
    if (action !== 'replace' || !holdsData || input.replace?.includes(resource.address)) return [];
    const why = reasons.join(', ');
    return [`cannot replace ${resource.address}: the data in it would be lost (${why})`];
  });
  if (occupied.length + guarded.length + lost.length === 0) return;
  const hint = guarded.length > 0 ? 'Set protect: false and apply; then it can go.' : undefined;
  throw new UserError([...occupied, ...guarded, ...lost], hint);
}

/** Finds a renamed resource that still has, on the host, the name that a new one needs. */
function previousOwnerIn({ rows, kinds }: PlanInput): (resource: Resource) => string | undefined {
  const owners = new Map(rows.map((row) => [identityOf(row, kinds), row]));
  return (resource) => {
    const row = owners.get(identityOf(resource, kinds));
    if (!row || row.name === resource.name) return undefined;
    const [, identity] = identityOf(resource, kinds).split(' ');
    return `${identity} is that of ${addressOf(row.kind, row.name)}, which had its name before`;
  };
}

/** Unique if the kind defines no identity. */
function identityOf({ kind, name, spec }: Resource | Row, kinds: Kinds): string {
  return `${kind} ${kinds[kind].identity?.(spec) ?? ` ${name}`}`;
}

function warningsIn(decisions: Decision[]): Pick<Plan, 'warnings'> {
  const warnings = decisions.flatMap(({ resource }) =>
    (resource?.warnings ?? []).map((text) => ({ address: (resource as Resource).address, text })),
  );
  return warnings.length > 0 ? { warnings } : {};
}

function changesOf(decisions: Decision[], units: Unit[], kinds: Kinds): Change[] {
  const puts = units.filter(({ id, address }) => id === putId(address) || id === dropId(address));
  const last = new Map(puts.map(({ address }, index) => [address, index]));
  const position = (change: Change) => last.get(change.address) ?? units.length;
  return decisions.map((each) => changeOf(each, kinds)).sort((a, b) => position(a) - position(b));
}

function changeOf(decision: Decision, kinds: Kinds): Change {
  const { action, resource, row, reasons, differences, orphan } = decision;
  const { kind, name, spec } = (resource ?? row) as Resource | Row;
  const drifted = differences.length > 0 && differences.every(({ cause }) => cause === 'drift');
  const lost = (action === 'forget' || action === 'create') && row?.status === 'ready';
  return {
    address: addressOf(kind, name),
    action: kinds[kind].derived ? 'refresh' : action,
    reasons,
    differences,
    drift: drifted || lost || orphan === true,
    ...(action !== 'update' && !orphan && { spec }),
  };
}
