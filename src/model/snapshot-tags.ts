import { UserError } from './errors.js';

/** Tags of snapshots by schedule begin with it; a schedule removes only these. */
export const SCHEDULED = 'auto-';

/** Of those that `apply` takes before it replaces something; it removes only these. */
export const BEFORE_CHANGE = 'before-change-';

/** Of what something was before a restore. */
export const BEFORE_RESTORE = 'before-restore-';

/** The name of a folder. */
const TAG = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

/** Those of `apply` that do not stay. @param tags the oldest first */
export function olderChanges(tags: readonly string[], keep: number, former?: string): string[] {
  const own = tags.filter((tag) => tag.startsWith(BEFORE_CHANGE));
  const kept = own.filter((tag) => tag !== former).slice(-keep);
  return own.filter((tag) => !kept.includes(tag));
}

/** The time in UTC, `20261129-030000`; with a number if that one is taken. */
export function unusedTag(isTaken: (tag: string) => boolean, now: Date, prefix = ''): string {
  const [date = '', time = ''] = now
    .toISOString()
    .replace(/[-:]|\..*/g, '')
    .split('T');
  const tag = `${prefix}${date}-${time}`;
  for (let count = 1; ; count += 1) {
    const free = count === 1 ? tag : `${tag}-${count}`;
    if (!isTaken(free)) return free;
  }
}

/** Whose snapshots are removed when they are old, by how their tags begin. */
const OURS = [
  [SCHEDULED, 'schedules'],
  [BEFORE_CHANGE, 'snapshot_on_change'],
] as const;

/** @throws UserError for a tag that a user cannot give to a snapshot */
export function checkNewTag(tag: string, purpose: string): void {
  if (!TAG.test(tag)) {
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
