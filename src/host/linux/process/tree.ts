import { readdirSync } from 'node:fs';
import { readText } from '../files/read.js';

/** Maximum rounds of searching for processes forked during the kill. */
const ROUNDS = 20;

/**
 * Kills a session leader with its session, its process group and all descendants, even if they have
 * their own sessions. Does not find a process that left its parents earlier, as a daemon does; in a
 * container, the cgroup takes care of those.
 */
export function killTree(leader: number): void {
  // stopped processes fork no more while we search
  signal(leader, 'SIGSTOP');
  const killed = new Set<number>();
  for (let round = 0; round < ROUNDS; round++) {
    const found = descendants(leader).filter((pid) => !killed.has(pid));
    for (const pid of found) {
      killed.add(pid);
      if (pid !== leader) signal(pid, 'SIGKILL');
    }
    if (found.length === 0) break;
  }
  signal(-leader, 'SIGKILL');
  signal(leader, 'SIGKILL');
}

interface Seen {
  pid: number;
  parent: number;
  session: number;
}

function descendants(leader: number): number[] {
  const all = processes();
  const found = new Set([leader]);
  for (let grew = true; grew; ) {
    grew = false;
    for (const { pid, parent, session } of all) {
      if (found.has(pid) || !(session === leader || found.has(parent))) continue;
      found.add(pid);
      grew = true;
    }
  }
  return [...found];
}

/**
 * Fields 4 and 6 of proc_pid_stat(5), counted from the end of the name, which may contain anything.
 */
function processes(): Seen[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((name) => {
    const stat = readText(`/proc/${name}/stat`);
    const [, parent, , session] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
    return parent === undefined
      ? []
      : [{ pid: Number(name), parent: Number(parent), session: Number(session) }];
  });
}

/** A process that has already ended needs no signal. */
function signal(pid: number, name: 'SIGSTOP' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
