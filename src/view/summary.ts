import type { Outcome } from '../model/events.js';
import type { Change, Plan } from '../model/plan.js';

export interface Counts {
  add: number;
  change: number;
  destroy: number;
  /** Rows given up because what they stood for is gone already. */
  forget: number;
}

/** A replace is one to add and one to destroy, as in Terraform; a refresh does not count. */
export function countChanges(changes: readonly Change[]): Counts {
  const of = (...actions: Change['action'][]) =>
    changes.filter((change) => actions.includes(change.action)).length;
  return {
    add: of('create', 'replace'),
    change: of('update'),
    destroy: of('delete', 'replace'),
    forget: of('forget'),
  };
}

/** `Plan: 1 to add, 2 to change, 0 to destroy.` */
export function planSummary(plan: Plan): string {
  const { add, change, destroy, forget } = countChanges(plan.changes);
  const forgotten = forget > 0 ? `, ${forget} to forget` : '';
  return `Plan: ${add} to add, ${change} to change, ${destroy} to destroy${forgotten}.`;
}

export function nothingToDo(destroy: boolean): string {
  return destroy
    ? 'No objects need to be destroyed.'
    : 'No changes. Your infrastructure matches the configuration.';
}

/** `Apply complete! Resources: 3 added, 1 changed, 0 destroyed.` */
export function outcomeSummary(outcome: Outcome, destroy: boolean): string {
  const { added, changed, destroyed, forgotten } = outcome.counts;
  const counts = [
    ...(destroy ? [] : [`${added} added`, `${changed} changed`]),
    `${destroyed} destroyed`,
    ...(forgotten > 0 ? [`${forgotten} forgotten`] : []),
    ...(outcome.failed.length > 0 ? [`${outcome.failed.length} failed`] : []),
    ...(outcome.skipped.length > 0 ? [`${outcome.skipped.length} not done`] : []),
  ];
  const end = { done: 'complete!', failed: 'failed.', interrupted: 'interrupted.' }[outcome.status];
  return `${destroy ? 'Destroy' : 'Apply'} ${end} Resources: ${counts.join(', ')}.`;
}
