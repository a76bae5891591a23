import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** strace(1) of a program and all it starts: one file each, so that no call is split by another's. */
export const tracing = (calls: string, log: string) =>
  ['-ff', '-qq', '-ttt', '-s', '999', '-e', `trace=${calls}`, '-o', log] as const;

/** All calls, in the order in which they were made. */
export function tracedCalls(log: string): string[] {
  const names = readdirSync(dirname(log)).filter((name) => name.startsWith(`${basename(log)}.`));
  const texts = names.map((name) => readFileSync(join(dirname(log), name), 'utf8'));
  // the time comes first, with as many digits in each line
  const lines = texts.flatMap((text) => text.split('\n').filter(Boolean)).sort();
  return lines.map((line) => line.slice(line.indexOf(' ') + 1));
}

/** Names of the started programs, without the first one. */
export function startedIn(calls: string[]): string[] {
  const paths = calls.flatMap((call) => /^execve\("([^"]+)".* = 0$/.exec(call)?.[1] ?? []);
  return paths.slice(1).map((path) => basename(path));
}
