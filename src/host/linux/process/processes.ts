import type { SeenProcess } from '../../ports.js';
import { readText } from '../files/read.js';

/** Start time of a live process in clock ticks since boot; undefined for none or a dead one. */
export function startTime(pid: number): number | undefined {
  return processAt(pid)?.start_time;
}

/** Undefined for none or a dead one. */
export function processAt(pid: number): SeenProcess | undefined {
  const text = readText(`/proc/${pid}/stat`);
  return text === undefined ? undefined : parseStat(text);
}

/**
 * Fields 3, 4 and 22 of proc_pid_stat(5). Field 2 is the program's name in parentheses, and may
 * hold blanks and parentheses itself, so we count from the last one. State Z or X is dead.
 */
const STAT = /^\) [^ZX] (\d+)(?: \S+){17} (\d+) /;

export function parseStat(stat: string): SeenProcess | undefined {
  const [, parent, time] = STAT.exec(stat.slice(stat.lastIndexOf(')'))) ?? [];
  return time === undefined ? undefined : { start_time: Number(time), parent: Number(parent) };
}

/** Milliseconds since boot, to 10 ms, as proc_uptime(5) has it: the clock of start times. */
export function uptime(): number {
  return Number.parseFloat(readText('/proc/uptime') ?? '') * 1000;
}

export function bootId(): string {
  return readText('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
}
