import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Command, time } from './time.js';

/** The programs a command starts, in order, itself left out; execve(2) as strace(1) sees it. */
export function programs(command: Command, dir: string): string[] {
  const log = join(dir, 'strace.log');
  time(['strace', '-f', '-qq', '-e', 'trace=execve', '-o', log, ...command]);
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((each) => each.endsWith(' = 0'))
    .slice(1)
    .map((each) => basename(/execve\("([^"]*)"/.exec(each)?.[1] ?? '?'));
}
