import { addressOf } from '../model/address.js';
import type { Action, Difference } from '../model/plan.js';
import { pendingReason, type Resource, type Row } from '../model/resource.js';
import type { Kinds, Observed } from './observe.js';
import type { Orphan } from './orphans.js';

/** What is to be done about one resource, before it is turned into steps. */
export interface Decision {
  action: Exclude<Action, 'refresh'>;
  reasons: string[];
  differences: Difference[];
  /** Present unless the resource goes. */
  resource?: Resource;
  /** Present unless the resource is new. */
  row?: Row;
  observed?: unknown;
  /** `row` is made up: no state file has it. */
  orphan?: true;
}

/**
 * The table at the heart of the design: desired × recorded × observed. Undefined when nothing is
 * to be done.
 */
export function decide(
  resource: Resource,
  row: Row | undefined,
  { states }: Observed,
  kinds: Kinds,
  forced?: 'replace' | 'restart',
): Decision | undefined {
  if (!row) return { action: 'create', reasons: ['new'], differences: [], resource };
  const observed = states.get(resource.address);
  if (observed === undefined) {
    const why = kinds[resource.kind].irrecoverable?.(resource, row);
    if (why !== undefined) return { action: 'forget', reasons: [why], differences: [], row };
    const reasons = [row.status === 'pending' ? unfinished(row) : 'lost: it is gone from the host'];
    return { action: 'create', reasons, differences: [], resource, row };
  }
  const differences = [
    ...kinds[resource.kind].compare(resource, row, observed),
    ...compareProtect(resource, row),
    ...(forced === 'restart' ? [RESTART] : []),
  ];
  const reasons = differences.map(({ reason }) => reason);
  const decision = { differences, resource, row, observed };
  if (forced === 'replace')
    return { ...decision, action: 'replace', reasons: ['asked for', ...reasons] };
  if (differences.some(({ effect }) => effect === 'replace')) {
    return { ...decision, action: 'replace', reasons };
  }
  if (row.status === 'pending') {
    return { ...decision, action: 'update', reasons: [unfinished(row), ...reasons] };
  }
  return differences.length > 0 ? { ...decision, action: 'update', reasons } : undefined;
}

/** On record only, so no kind looks at it. */
function compareProtect({ protect: after }: Resource, { protect: before }: Row): Difference[] {
  if (before === after) return [];
  const reason = `protect ${before} → ${after}`;
  return [{ attribute: 'protect', before, after, cause: 'file', effect: 'update', reason }];
}

/** A row that the file no longer speaks of. */
export function decideGone(row: Row, { states }: Observed, reason: string): Decision {
  const observed = states.get(addressOf(row.kind, row.name));
  return observed === undefined
    ? { action: 'forget', reasons: ['it is gone from the host'], differences: [], row }
    : { action: 'delete', reasons: [reason], differences: [], row, observed };
}

export function decideOrphan(orphan: Orphan): Decision {
  const row: Row = { ...orphan, status: 'pending', facts: {}, needs: [], protect: false };
  return { action: 'delete', reasons: [ORPHANED], differences: [], row, orphan: true };
}

/** One of its steps: the record says all the time that it is to run. */
const RESTART: Difference = {
  attribute: 'restart',
  cause: 'file',
  effect: 'update',
  reason: 'restart asked for',
};

const ORPHANED = 'orphaned: it bears our mark, and is in no state file';
const unfinished = (row: Row) => `unfinished: ${pendingReason(row)}`;
