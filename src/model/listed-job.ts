/** A job as `job list --json` prints it. */
export interface ListedJob {
  name: string;
  stack: string;
  schedule: string;
  timezone?: string;
  concurrency: 'forbid' | 'replace';
  /** ISO 8601; absent until an apply has worked it out, and if it never comes. */
  next?: string;
  /** The run that is going on. */
  running?: { number: number; started_at?: string };
  /** The last run that has ended. */
  last?: ListedRun;
  /** Why its last scheduled run failed, as each apply from cron reports it. */
  failing?: string;
  /** ISO 8601; a time at which the run before still went on. */
  skipped?: string;
}

/** A run that has ended. */
export interface ListedRun {
  number: number;
  /** Which try of its time it was, from 1; absent if somebody asked for it. */
  attempt?: number;
  /** ISO 8601. */
  started_at: string;
  /** ISO 8601; absent if it is not known, as after a reboot. */
  ended_at?: string;
  /** How long it ran, in milliseconds. */
  ms?: number;
  /** Exit code, if it is known. */
  code?: number;
  /** `ok`, or why it failed: `exit code 3`. */
  result: string;
  failure?: string;
}
