import { writeFileSync } from 'node:fs';
import { machine, setPriority } from 'node:os';
import { readText } from '../read.js';
import { findProgram } from './programs.js';

/**
 * Takes from our own process what our caller's would pass on to every program and container: cron, a
 * shell under nice(1) and a service start the same. Called once, first thing. What may not be
 * lowered (CAP_SYS_NICE, CAP_SYS_RESOURCE) stays as it is.
 */
export function resetAttributes(): void {
  process.umask(0o022);
  try {
    setPriority(0);
  } catch {}
  try {
    writeFileSync('/proc/self/oom_score_adj', '0');
  } catch {}
}

let wrapper: string[] | undefined;

/**
 * A command behind programs that reset what no call of Node's does: CPU affinity, scheduling policy,
 * execution domain and limits. Most callers have changed none of them, and it is just the command.
 */
export function wrapped(program: string, args: string[]): [program: string, ...args: string[]] {
  wrapper ??= [...affinity(), ...policy(), ...personality(), ...limits()];
  // that it is missing is for the system to tell
  const [first, ...words] = findProgram(program) === undefined ? [] : wrapper;
  return first === undefined ? [program, ...args] : [first, ...words, program, ...args];
}

/** taskset(1): on all CPUs that our cpuset has, whatever part of them our caller was bound to. */
function affinity(): string[] {
  const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(readText('/proc/self/status') ?? '')?.[1];
  const possible = readText('/sys/devices/system/cpu/possible')?.trim();
  if (!possible || !allowed || allowed === possible) return [];
  return ['taskset', '--cpu-list', possible];
}

/** chrt(1): fields 41 of proc_pid_stat(5) is the policy, 0 for SCHED_OTHER. */
function policy(): string[] {
  const stat = readText('/proc/self/stat') ?? '';
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[38] === undefined || fields[38] === '0' ? [] : ['chrt', '--other', '0'];
}

/** setarch(8): as after `setarch -R`, which takes address space randomization from all below it. */
function personality(): string[] {
  const flags = readText('/proc/self/personality')?.trim();
  return flags === undefined || Number.parseInt(flags, 16) === 0 ? [] : ['setarch', machine()];
}

/** prlimit(1): soft limits below their hard limits that would end a program in the middle. */
function limits(): string[] {
  const text = readText('/proc/self/limits') ?? '';
  const words = Object.entries(ENDING).flatMap(([label, option]) => {
    const [, soft, hard] = new RegExp(`^${label}\\s+(\\S+)\\s+(\\S+)`, 'm').exec(text) ?? [];
    return soft === undefined || soft === hard ? [] : [`--${option}=${hard}:`];
  });
  return words.length === 0 ? [] : ['prlimit', ...words];
}

/** By the names of /proc/PID/limits, options of prlimit(1). */
const ENDING: Record<string, string> = {
  'Max cpu time': 'cpu',
  'Max file size': 'fsize',
  'Max data size': 'data',
  'Max address space': 'as',
  'Max processes': 'nproc',
  'Max locked memory': 'memlock',
};
