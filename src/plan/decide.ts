import { addressOf } from '../model/address.js';
import type { Action, Difference } from '../model/plan.js';
import { pendingReason, type Resource, type Row, resourceFromRow } from '../model/resource.js';
import type { Step } from '../model/step.js';
import type { Kinds, Observed } from './observe.js';
import type { Orphan } from './orphans.js';

/** What to do about one resource, before it is turned into steps. */
export interface Decision {
  action: Exclude<Action, 'refresh'>;
  reasons: string[];
  differences: Difference[];
  /** Present unless the resource is deleted. */
  resource?: Resource;
  /** Present unless the resource is new. */
  row?: Row;
  observed?: unknown;
  /** Steps for a resource that is kept although nothing declares it. */
  release?: Step[];
  /** `row` is synthetic: no state file contains it. */
  orphan?: true;
}

/** The core decision table: desired × recorded × observed. Undefined if there is nothing to do. */
export function decide(
  resource: Resource,
  row: Row | undefined,
  { states }: Observed,
  kinds: Kinds,
  forced?: 'replace' | 'restart' | Difference,
): Decision | undefined {
  const parts = kinds[resource.kind].creation?.(resource) ?? [];
  if (!row) return { action: 'create', reasons: ['new', ...parts], differences: [], resource };
  const observed = states.get(resource.address);
  if (observed === undefined) {
    const why = kinds[resource.kind].irrecoverable?.(resource, row);
    if (why !== undefined) return { action: 'forget', reasons: [why], differences: [], row };
    const reasons = [row.status === 'pending' ? unfinished(row) : 'lost: it is gone from the host'];
    return { action: 'create', reasons: [...reasons, ...parts], differences: [], resource, row };
  }
  const differences = [
    ...kinds[resource.kind].compare(resource, row, observed),
    ...compareProtect(resource, row),
    ...(forced === 'restart' ? [RESTART] : typeof forced === 'object' ? [forced] : []),
  ];
  const reasons = differences.map(({ reason }) => reason);
  const decision = { differences, resource, row, observed };
  if (forced === 'replace' || differences.some(({ effect }) => effect === 'replace')) {
    const requested = forced === 'replace' ? ['requested'] : [];
    const more = kinds[resource.kind].replacement?.(resource, row) ?? [];
    return { ...decision, action: 'replace', reasons: [...requested, ...reasons, ...more] };
  }
  if (row.status === 'pending') {
    return { ...decision, action: 'update', reasons: [unfinished(row), ...reasons] };
  }
  return differences.length > 0 ? { ...decision, action: 'update', reasons } : undefined;
}

/** Exists only in the state tables, so the kinds do not compare it. */
function compareProtect({ protect: after }: Resource, { protect: before }: Row): Difference[] {
  if (before === after) return [];
  const reason = `protect ${before} → ${after}`;
  return [{ attribute: 'protect', before, after, cause: 'file', effect: 'update', reason }];
}

/** A row that is no longer in the file. */
export function decideGone(row: Row, { states }: Observed, reason: string): Decision {
  const observed = states.get(addressOf(row.kind, row.name));
  return observed === undefined
    ? { action: 'forget', reasons: ['it is gone from the host'], differences: [], row }
    : { action: 'delete', reasons: [reason], differences: [], row, observed };
}

/** A row that stays, though nothing declares it any more; undefined if it holds nothing of the host's. */
export function decideRelease(row: Row, { states }: Observed, kinds: Kinds): Decision | undefined {
  const observed = states.get(addressOf(row.kind, row.name));
  const release = kinds[row.kind].release?.(row, observed) ?? [];
  if (release.length === 0) return undefined;
  const reasons = [...new Set(release.map(({ reason }) => reason))];
  const resource = resourceFromRow(row);
  return { action: 'update', reasons, differences: [], resource, row, observed, release };
}

export function decideOrphan(orphan: Orphan): Decision {
  const row: Row = { ...orphan, status: 'pending', facts: {}, needs: [], protect: false };
  return { action: 'delete', reasons: [ORPHANED], differences: [], row, orphan: true };
}

/** A restart is not recorded: the row says all along that it should run. */
const RESTART: Difference = {
  attribute: 'restart',
  cause: 'file',
  effect: 'update',
  reason: 'restart requested',
};

const ORPHANED = 'orphaned: it carries our mark but is in no state file';
const unfinished = (row: Row) => `unfinished: ${pendingReason(row)}`;
