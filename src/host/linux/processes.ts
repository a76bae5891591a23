import { readText } from './read.js';

/** Start time of a live process in clock ticks since boot; undefined for none or a dead one. */
export function startTime(pid: number): number | undefined {
  const text = readText(`/proc/${pid}/stat`);
  return text === undefined ? undefined : parseStartTime(text);
}

/**
 * Field 22 of proc_pid_stat(5). Field 2 is the program's name in parentheses, and may hold blanks
 * and parentheses itself, so we count from the last one. State Z or X (3) is dead.
 */
export function parseStartTime(stat: string): number | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, time] = [fields[0], fields[19]];
  if (time === undefined || state === 'Z' || state === 'X') return undefined;
  return Number(time);
}

export function bootId(): string {
  return readText('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
}
