import { poll } from '../../../model/poll.js';
import { readText } from '../files/read.js';
import { bootId, startTime } from '../process/processes.js';

/** Identifies a process unambiguously: pids are reused, and start times repeat after a reboot. */
export interface Identity {
  pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks since boot. */
  start_time: number;
  boot_id: string;
}

export function isAlive({ pid, start_time, boot_id }: Identity): boolean {
  return startTime(pid) === start_time && bootId() === boot_id;
}

/** Identifies a running process; undefined if it has ended. */
export function identify(pid: number): Identity | undefined {
  const start_time = startTime(pid);
  return start_time === undefined ? undefined : { pid, start_time, boot_id: bootId() };
}

/**
 * Sends a signal if the process is still the same, checked right before: Node has no
 * pidfd_send_signal(2). False if it is gone.
 */
export function signalProcess(process_: Identity, signal: number): boolean {
  if (!isAlive(process_)) return false;
  try {
    process.kill(process_.pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Waits up to `limit` milliseconds for the process to end; false if it is still alive. */
export function ended(process_: Identity, limit: number): Promise<boolean> {
  return poll(() => !isAlive(process_), { limit, pause: 2, maxPause: 50 });
}

/** The arguments of a process; empty if it is gone. */
export function argumentsOf(pid: number): string[] {
  return (readText(`/proc/${pid}/cmdline`) ?? '').split('\0').slice(0, -1);
}
