import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Options of strace(1) for a program and its descendants. Each has its own file: no call is split. */
export const tracing = (calls: string, log: string) =>
  ['-ff', '-qq', '-ttt', '-s', '999', '-e', `trace=${calls}`, '-o', log] as const;

/** All calls in chronological order. */
export function tracedCalls(log: string): string[] {
  const names = readdirSync(dirname(log)).filter((name) => name.startsWith(`${basename(log)}.`));
  const texts = names.map((name) => readFileSync(join(dirname(log), name), 'utf8'));
  // each line begins with the time, with the same number of digits
  const lines = texts.flatMap((text) => text.split('\n').filter(Boolean)).sort();
  return lines.map((line) => line.slice(line.indexOf(' ') + 1));
}

/** Names of the started programs, without the first one. */
export function startedIn(calls: string[]): string[] {
  const paths = calls.flatMap((call) => /^execve\("([^"]+)".* = 0$/.exec(call)?.[1] ?? []);
  return paths.slice(1).map((path) => basename(path));
}
