import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';

/**
 * Who holds a flock, `pid 4121 (baleine apply -y), since 14:02:11`; undefined when nobody does or
 * it cannot be seen. Nothing is written into a lock file, so the processes are searched: the
 * holder is the one whose descriptor's /proc/PID/fdinfo shows the lock (proc(5)).
 */
export function holderOf(path: string): string | undefined {
  const real = attempt(() => realpathSync(path));
  const pid = pids().find((each) => holds(each, real));
  return pid === undefined ? undefined : describe(pid);
}

function pids(): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
}

function holds(pid: string, path: string | undefined): boolean {
  const fds = attempt(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
  return fds.some(
    (fd) =>
      attempt(() => readlinkSync(`/proc/${pid}/fd/${fd}`)) === path &&
      attempt(() => readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))?.includes('FLOCK'),
  );
}

function describe(pid: string): string {
  const words = attempt(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))?.split('\0') ?? [];
  const [first = '', ...rest] = basename(words[0] ?? '') === 'node' ? words.slice(1) : words;
  const command = [basename(first), ...rest]
    .join(' ')
    .replace(/\p{Cc}/gu, ' ')
    .trim();
  const since = attempt(() => startOf(pid));
  return `pid ${pid} (${command})${since ? `, since ${since}` : ''}`;
}

/** Local time of day. Field 22 of /proc/PID/stat is in ticks of 1/100 s since boot (USER_HZ). */
function startOf(pid: string): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  const boot = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]);
  return new Date((boot + ticks / 100) * 1000).toTimeString().slice(0, 8);
}

/** Undefined when a process ended while we looked at it. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
