/** Tags of snapshots by schedule begin with it; a schedule removes only these. */
export const SCHEDULED = 'auto-';

/** Of those that `apply` takes before it replaces something; it removes only these. */
export const BEFORE_CHANGE = 'before-change-';

/** Of what something was before a restore. */
export const BEFORE_RESTORE = 'before-restore-';

const TAG = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

/** Whether it is the name of a folder, and of a snapshot. */
export const isTag = (text: string): boolean => TAG.test(text);

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
