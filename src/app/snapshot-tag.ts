import { UserError } from '../model/errors.js';
import { BEFORE_CHANGE, isTag, SCHEDULED } from '../model/snapshot-tags.js';

/** Whose snapshots are removed when they are old, by how their tags begin. */
const OURS = [
  [SCHEDULED, 'schedules'],
  [BEFORE_CHANGE, 'snapshot_on_change'],
] as const;

/** @throws UserError for a tag that a user cannot give to a snapshot */
export function checkNewTag(tag: string, purpose: string): void {
  if (!isTag(tag)) {
    throw new UserError(
      `cannot ${purpose}: ${JSON.stringify(tag)} is no tag`,
      'A tag has letters, digits, - and _, and begins with a letter or digit.',
    );
  }
  const [prefix, whose] = OURS.find(([each]) => tag.startsWith(each)) ?? [];
  if (prefix === undefined) return;
  throw new UserError(
    `cannot ${purpose}: tags that begin with ${prefix} are those of ${whose}`,
    'These are removed when they are old. Choose another tag.',
  );
}
