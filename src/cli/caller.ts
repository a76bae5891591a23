import { readFileSync, readlinkSync } from 'node:fs';
import { userInfo } from 'node:os';

/** Who called: `root by cron`, `ann on pts/0`, `root`; for the log of events. */
export function caller(): string {
  const user = process.env.SUDO_USER || userInfo().username;
  if (ancestors().some((name) => name === 'cron' || name === 'crond')) return `${user} by cron`;
  const terminal = [0, 1, 2].map(terminalOf).find(Boolean);
  return terminal ? `${user} on ${terminal}` : user;
}

function terminalOf(descriptor: number): string | undefined {
  const path = attempt(() => readlinkSync(`/proc/self/fd/${descriptor}`)) ?? '';
  return /^\/dev\/((?:pts\/|tty)\w+)$/.exec(path)?.[1];
}

/** Names of the programs that started us, the nearest first. Field 4 of proc_pid_stat(5). */
function ancestors(): string[] {
  const names: string[] = [];
  for (let pid = process.ppid; pid > 0; ) {
    const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? '';
    const [open, close] = [stat.indexOf('('), stat.lastIndexOf(')')];
    names.push(stat.slice(open + 1, close).toLowerCase());
    pid = Number(stat.slice(close + 2).split(' ')[1] ?? 0);
  }
  return names;
}

/** Undefined when a process ended while we looked at it. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
