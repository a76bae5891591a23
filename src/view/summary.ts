import type { Outcome } from '../model/events.js';
import type { Change, Plan } from '../model/plan.js';

export interface Counts {
  add: number;
  change: number;
  destroy: number;
  /** Rows dropped because their resource is already gone. */
  forget: number;
  /** Files derived from others that follow. Absent for none. */
  refresh?: number;
}

/** A replace is one to add and one to destroy, as in Terraform. */
export function countChanges(changes: readonly Change[]): Counts {
  const of = (...actions: Change['action'][]) =>
    changes.filter((change) => actions.includes(change.action)).length;
  const refresh = of('refresh');
  return {
    add: of('create', 'replace'),
    change: of('update'),
    destroy: of('delete', 'replace'),
    forget: of('forget'),
    ...(refresh > 0 && { refresh }),
  };
}

/**
 * `Plan: 1 to add, 2 to change, 0 to destroy.` Refreshed resources follow from other
 * changes and are counted only when there are none: a plan with work never reads as an empty one.
 */
export function planSummary(plan: Plan): string {
  const { add, change, destroy, forget, refresh = 0 } = countChanges(plan.changes);
  const counts = [
    ...[`${add} to add`, `${change} to change`, `${destroy} to destroy`],
    ...(forget > 0 ? [`${forget} to forget`] : []),
    ...(refresh > 0 && add + change + destroy + forget === 0 ? [`${refresh} to refresh`] : []),
  ];
  return `Plan: ${counts.join(', ')}.`;
}

export function nothingToDo(destroy: boolean): string {
  return destroy
    ? 'No objects need to be destroyed.'
    : 'No changes. Your infrastructure matches the configuration.';
}

/** `Apply complete! Resources: 3 added, 1 changed, 0 destroyed.` */
export function outcomeSummary(outcome: Outcome, destroy: boolean): string {
  const { added, changed, destroyed, forgotten, refreshed = 0 } = outcome.counts;
  const others = added + changed + destroyed + forgotten;
  const counts = [
    ...(destroy ? [] : [`${added} added`, `${changed} changed`]),
    `${destroyed} destroyed`,
    ...(forgotten > 0 ? [`${forgotten} forgotten`] : []),
    ...(refreshed > 0 && others === 0 ? [`${refreshed} refreshed`] : []),
    ...(outcome.failed.length > 0 ? [`${outcome.failed.length} failed`] : []),
    ...(outcome.skipped.length > 0 ? [`${outcome.skipped.length} not done`] : []),
  ];
  const end = { done: 'complete!', failed: 'failed.', interrupted: 'interrupted.' }[outcome.status];
  return `${destroy ? 'Destroy' : 'Apply'} ${end} Resources: ${counts.join(', ')}.`;
}
