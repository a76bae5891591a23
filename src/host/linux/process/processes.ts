import type { ObservedProcess } from '../../ports.js';
import { readText } from '../files/read.js';

/**
 * Start time of a live process in clock ticks since boot; undefined if there is none or it is dead.
 */
export function startTime(pid: number): number | undefined {
  return processAt(pid)?.start_time;
}

/** Undefined if there is no such process or it is dead. */
export function processAt(pid: number): ObservedProcess | undefined {
  const text = readText(`/proc/${pid}/stat`);
  return text === undefined ? undefined : parseStat(text);
}

/**
 * Fields 3, 4 and 22 of proc_pid_stat(5). Field 2 is the program's name in parentheses and may
 * contain spaces and parentheses, so fields are counted from the last parenthesis. State Z or X is
 * dead.
 */
const STAT = /^\) [^ZX] (\d+)(?: \S+){17} (\d+) /;

export function parseStat(stat: string): ObservedProcess | undefined {
  const [, parent, time] = STAT.exec(stat.slice(stat.lastIndexOf(')'))) ?? [];
  return time === undefined ? undefined : { start_time: Number(time), parent: Number(parent) };
}

/**
 * Milliseconds since boot, with a resolution of 10 ms (proc_uptime(5)): the clock of start times.
 */
export function uptime(): number {
  return Number.parseFloat(readText('/proc/uptime') ?? '') * 1000;
}

let knownBoot: string | undefined;

/** Read once: it does not change while we run, and every check of a process needs it. */
export function bootId(): string {
  knownBoot ??= readText('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
  return knownBoot;
}
