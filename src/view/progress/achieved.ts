import type { Outcome } from '../../model/events.js';
import type { Action, Change, Plan } from '../../model/plan.js';

/** What became of a resource, in a word. */
export const DONE: Record<Exclude<Action, 'refresh'>, string> = {
  create: 'created',
  update: 'updated',
  replace: 'replaced',
  delete: 'destroyed',
  forget: 'forgotten',
};

/** The changes of which no part failed, was left out, or did not last. */
export function achieved({ changes }: Plan, { failed, skipped, unsteady = [] }: Outcome): Change[] {
  const missed = new Set([...failed, ...skipped, ...unsteady].map(({ address }) => address));
  return changes.filter(({ address }) => !missed.has(address));
}
