import { startTime } from './process/processes.js';

/** Begins the name of what is of use only as long as this process runs. */
export const ownerMark = () => `${process.pid}-${startTime(process.pid)}-`;

/** Whether the process that a name begins with still runs; a pid alone may be another's by now. */
export function isOwned(name: string): boolean {
  const [pid = Number.NaN, started = Number.NaN] = name.split('-').map(Number);
  return startTime(pid) === started;
}
