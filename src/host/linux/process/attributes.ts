import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { machine, setPriority } from 'node:os';
import { readText } from '../files/read.js';
import { environment } from './environment.js';
import { findProgram } from './programs.js';

/** Of proc_pid_coredump_filter(5) and prctl(2), PR_SET_TIMERSLACK: as the kernel has them at boot. */
const AT_BOOT = { coredump_filter: '0x33', timerslack_ns: '50000', oom_score_adj: '0' };

/**
 * Takes from our own process what our caller's would pass on to every program and container: cron, a
 * shell under nice(1) and a service start the same. Called once, first thing; the rest follows when
 * the first program is started. What may not be lowered or raised (CAP_SYS_NICE, CAP_SYS_RESOURCE)
 * stays as it is. Signals are reset by Node itself.
 */
export function resetAttributes(): void {
  process.umask(0o022);
  whereAllowed(() => setPriority(0));
  for (const [file, value] of Object.entries(AT_BOOT)) {
    whereAllowed(() => writeFileSync(`/proc/self/${file}`, value));
  }
}

function whereAllowed(act: () => void): void {
  try {
    act();
  } catch {}
}

let isReset = false;

/**
 * The same for what Node has no call for: CPU affinity, scheduling policy and limits. Most callers have
 * changed none of them, and no program is started.
 */
export function resetScheduling(): void {
  if (isReset) return;
  isReset = true;
  const status = readText('/proc/self/status') ?? '';
  for (const [program, ...args] of [affinity(status), policy(), limits(status)]) {
    if (program === undefined) continue;
    spawnSync(program, args, { stdio: 'ignore', env: environment(), timeout: 10_000 });
  }
}

/** taskset(1): all CPUs that our cpuset has, whatever part of them our caller was bound to. */
function affinity(status: string): string[] {
  const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1];
  const possible = readText('/sys/devices/system/cpu/possible')?.trim();
  if (!possible || !allowed || allowed === possible) return [];
  return ['taskset', '--pid', '--cpu-list', possible, String(process.pid)];
}

/** chrt(1): field 41 of proc_pid_stat(5) is the policy, 0 for SCHED_OTHER. */
function policy(): string[] {
  const stat = readText('/proc/self/stat') ?? '';
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[38] === undefined || fields[38] === '0') return [];
  return ['chrt', '--other', '--pid', '0', String(process.pid)];
}

/** Soft limits of the kernel at boot (asm-generic/resource.h), by the names of proc_pid_limits(5); Infinity: the hard one. */
const LIMITS: Record<string, [option: string, soft: number]> = {
  'Max cpu time': ['cpu', Number.POSITIVE_INFINITY],
  'Max file size': ['fsize', Number.POSITIVE_INFINITY],
  'Max data size': ['data', Number.POSITIVE_INFINITY],
  'Max stack size': ['stack', 8 * 1024 ** 2],
  'Max resident set': ['rss', Number.POSITIVE_INFINITY],
  'Max processes': ['nproc', Number.POSITIVE_INFINITY],
  'Max open files': ['nofile', Number.POSITIVE_INFINITY],
  'Max locked memory': ['memlock', Number.POSITIVE_INFINITY],
  'Max address space': ['as', Number.POSITIVE_INFINITY],
  'Max file locks': ['locks', Number.POSITIVE_INFINITY],
  'Max pending signals': ['sigpending', Number.POSITIVE_INFINITY],
  'Max msgqueue size': ['msgqueue', Number.POSITIVE_INFINITY],
};

/** CAP_SYS_RESOURCE of capability.h, as a bit of CapEff. */
const MAY_RAISE = 1n << 24n;

/**
 * prlimit(1): hard limits as the host's first process has them, if we may raise ours, and soft ones as
 * they are at boot.
 */
function limits(status: string): string[] {
  const capabilities = BigInt(`0x${/^CapEff:\s*(\w+)/m.exec(status)?.[1] ?? '0'}`);
  const own = limitsIn(readText('/proc/self/limits'));
  const first = (capabilities & MAY_RAISE) === 0n ? own : limitsIn(readText('/proc/1/limits'));
  const words = Object.entries(LIMITS).flatMap(([label, [option, atBoot]]) => {
    const now = own.get(label);
    if (!now) return [];
    const hard = Math.max(now.hard, first.get(label)?.hard ?? 0);
    const soft = Math.min(atBoot, hard);
    const isSame = soft === now.soft && hard === now.hard;
    return isSame ? [] : [`--${option}=${asOption(soft)}:${asOption(hard)}`];
  });
  return words.length === 0 ? [] : ['prlimit', `--pid=${process.pid}`, ...words];
}

function limitsIn(text = ''): Map<string, { soft: number; hard: number }> {
  const lines = text.matchAll(/^(Max [a-z ]+?)\s{2,}(\S+)\s+(\S+)/gm);
  return new Map(
    [...lines].map(([, label = '', soft, hard]) => [
      label,
      { soft: bytes(soft), hard: bytes(hard) },
    ]),
  );
}

const bytes = (text = '') => (text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text));
const asOption = (value: number) => (value === Number.POSITIVE_INFINITY ? 'unlimited' : value);

/**
 * The command that starts a program with the attributes reset. After `setarch -R` it is setarch(8)
 * that does: an execution domain is nobody's but a process's own.
 */
export function wrapped(program: string, args: string[]): [program: string, ...args: string[]] {
  resetScheduling();
  const flags = Number.parseInt(readText('/proc/self/personality') ?? '0', 16);
  // that a program is missing is for the system to tell
  if (flags === 0 || findProgram(program) === undefined) return [program, ...args];
  return ['setarch', machine(), program, ...args];
}

/** ionice(1): which priority our caller has for its reads and writes cannot be seen, so it is always reset. */
export function withoutIoPriority(program: string, args: string[]): [string, ...string[]] {
  const command: [string, ...string[]] = [program, ...args];
  return findProgram('ionice') ? ['ionice', '--class', 'none', ...command] : command;
}
