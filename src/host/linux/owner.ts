import { startTime } from './process/processes.js';

/** Prefix for names of things that are useful only while this process runs. */
export const ownerMark = () => `${process.pid}-${startTime(process.pid)}-`;

/** Whether the process in the name's prefix still runs; a pid alone may have been reused. */
export function isOwned(name: string): boolean {
  const [pid = Number.NaN, started = Number.NaN] = name.split('-').map(Number);
  return startTime(pid) === started;
}
