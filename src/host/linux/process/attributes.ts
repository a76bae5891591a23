import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { machine, setPriority } from 'node:os';
import { readText } from '../files/read.js';
import { environment } from './environment.js';
import { findProgram } from './programs.js';

/** Boot defaults of proc_pid_coredump_filter(5), and of prctl(2), PR_SET_TIMERSLACK. */
const AT_BOOT = { coredump_filter: '0x33', timerslack_ns: '50000', oom_score_adj: '0' };

/**
 * Resets process attributes that programs and containers would inherit from our caller: they then
 * start the same from cron as from a shell under nice(1). Called once, before anything else; the
 * remaining attributes follow when the first program is started. Attributes that we may not change
 * (CAP_SYS_NICE, CAP_SYS_RESOURCE) stay as they are. Node itself resets signals.
 */
export function resetAttributes(): void {
  process.umask(0o022);
  ifPermitted(() => setPriority(0));
  for (const [file, value] of Object.entries(AT_BOOT)) {
    ifPermitted(() => writeFileSync(`/proc/self/${file}`, value));
  }
}

function ifPermitted(act: () => void): void {
  try {
    act();
  } catch {}
}

let isReset = false;

/**
 * Same for attributes that Node has no call for: CPU affinity, scheduling policy and limits. Most
 * callers have changed none of them, and then no program is started.
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

/** taskset(1): all CPUs of our cpuset, even if our caller was bound to some of them. */
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

/**
 * The kernel's soft limits at boot (asm-generic/resource.h), by the names in proc_pid_limits(5);
 * Infinity: the hard limit.
 */
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
 * prlimit(1): hard limits of the host's first process, if we may raise ours, and soft limits at
 * their boot defaults.
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
 * The command that starts a program with reset attributes. The reset of the execution domain needs
 * setarch(8) as a wrapper: it can only be set by the process itself.
 */
export function withResetAttributes(
  program: string,
  args: string[],
): [program: string, ...args: string[]] {
  resetScheduling();
  const flags = Number.parseInt(readText('/proc/self/personality') ?? '0', 16);
  // a missing program is reported when it is started
  if (flags === 0 || findProgram(program) === undefined) return [program, ...args];
  return ['setarch', machine(), program, ...args];
}

/** ionice(1): the I/O priority of our caller cannot be read, so it is always reset. */
export function withoutIoPriority(program: string, args: string[]): [string, ...string[]] {
  const command: [string, ...string[]] = [program, ...args];
  return findProgram('ionice') ? ['ionice', '--class', 'none', ...command] : command;
}
