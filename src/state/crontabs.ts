import { type Notebook, readNotes, writeNotes } from './notebook.js';

/** Crontabs that `cron install --crontab` has written to: nothing else leads there. */
const CRONTABS = {
  file: 'crontabs.csv',
  columns: ['FILE', 'CRONTAB'],
} as const satisfies Notebook<string>;

/** Their paths. */
export function crontabFiles(root: string): string[] {
  return readNotes(root, CRONTABS).map(({ CRONTAB }) => CRONTAB);
}

/** That the lines of a stack's `file` are in a `crontab`; both absolute. The caller holds the lock. */
export async function rememberCrontab(root: string, file: string, crontab: string): Promise<void> {
  const others = readNotes(root, CRONTABS).filter(isOther(file, crontab));
  await writeNotes(root, CRONTABS, [...others, { FILE: file, CRONTAB: crontab }]);
}

/** The caller holds the lock. */
export async function forgetCrontab(root: string, file: string, crontab: string): Promise<void> {
  const before = readNotes(root, CRONTABS);
  const after = before.filter(isOther(file, crontab));
  if (after.length < before.length) await writeNotes(root, CRONTABS, after);
}

const isOther = (file: string, crontab: string) => (each: { FILE: string; CRONTAB: string }) =>
  each.FILE !== file || each.CRONTAB !== crontab;
