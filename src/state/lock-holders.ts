import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';

export interface LockHolder {
  pid: number;
  /** `pid 4121 (baleine apply -y), since 14:02:11` */
  text: string;
  /** Milliseconds since its start, by the boot clock. */
  age: number;
}

export interface LockHolders {
  /** The process that acquired it; undefined if that has ended. */
  run?: LockHolder;
  /** Processes that inherited it. */
  programs?: LockHolder[];
}

/** What a run is waiting for: its child programs, as `pid 4150 (skopeo inspect …), since …`. */
export function programsOf(pid: number): string[] {
  const text = attempt(() => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')) ?? '';
  return text
    .split(' ')
    .filter(Boolean)
    .map((child) => describe(child).text);
}

/**
 * Finds the holders of a flock; empty if none is visible. A lock file has no content, so this
 * searches all processes for descriptors whose /proc/PID/fdinfo shows the lock
 * (proc_pid_fdinfo(5)). Its acquirer has it close-on-exec, programs that inherited it do not.
 */
export function holdersOf(path: string): LockHolders {
  const real = attempt(() => realpathSync(path));
  const all = pids().flatMap((pid) => {
    const flags = real === undefined ? undefined : flagsOf(pid, real);
    return flags === undefined ? [] : [{ pid, own: (flags & CLOSE_ON_EXEC) !== 0 }];
  });
  const run = all.find(({ own }) => own);
  const programs = all.filter(({ own }) => !own).map(({ pid }) => describe(pid));
  return { ...(run && { run: describe(run.pid) }), programs };
}

/** O_CLOEXEC in the octal flags. */
const CLOSE_ON_EXEC = 0o2000000;

function pids(): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
}

/** Flags of the descriptor with which a process holds the lock; undefined if it does not. */
function flagsOf(pid: string, path: string): number | undefined {
  for (const fd of attempt(() => readdirSync(`/proc/${pid}/fd`)) ?? []) {
    if (attempt(() => readlinkSync(`/proc/${pid}/fd/${fd}`)) !== path) continue;
    const info = attempt(() => readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8')) ?? '';
    if (info.includes('FLOCK'))
      return Number.parseInt(/^flags:\s*([0-7]+)/m.exec(info)?.[1] ?? '0', 8);
  }
  return undefined;
}

function describe(pid: string): LockHolder {
  const words = attempt(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))?.split('\0') ?? [];
  const [first = '', ...rest] = basename(words[0] ?? '') === 'node' ? words.slice(1) : words;
  const command = [basename(first), ...rest]
    .join(' ')
    .replace(/\p{Cc}/gu, ' ')
    .trim();
  const started = attempt(() => startOf(pid));
  const since = started === undefined ? '' : `, since ${timeOfDay(started)}`;
  const age = started === undefined ? 0 : Math.max(0, uptime() - started);
  return { pid: Number(pid), text: `pid ${pid} (${shortened(command)})${since}`, age };
}

/** A script for `sh -c` or Perl can be arbitrarily long. */
const shortened = (text: string) =>
  text.length > MAX_COMMAND ? `${text.slice(0, MAX_COMMAND)}…` : text;
const MAX_COMMAND = 120;

/**
 * Milliseconds from boot to its start. Field 22 of /proc/PID/stat is in ticks of 1/100 s (USER_HZ).
 */
function startOf(pid: string): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  return ticks * 10;
}

/** Milliseconds since boot; proc_uptime(5). */
const uptime = () => Number.parseFloat(readFileSync('/proc/uptime', 'utf8')) * 1000;

/** `14:02:11`, local time. @param started milliseconds after boot */
function timeOfDay(started: number): string {
  const boot = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]);
  return new Date(boot * 1000 + started).toTimeString().slice(0, 8);
}

/** Undefined if the process ended in between. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
