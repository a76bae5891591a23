/** One thing that was done, or tried: a line of the log. */
export interface LoggedEvent {
  /** ISO 8601. */
  at: string;
  /** `root on pts/0`, `root by cron`. */
  who: string;
  stack: string;
  address: string;
  /** `create`, `update`, `replace`, `delete`, `forget`, `refresh`. */
  action: string;
  /** The host had moved, and not the file. */
  drift: boolean;
  reasons: string[];
  /** Milliseconds. */
  ms: number;
  result: 'done' | 'failed' | 'skipped';
  /** Why it failed or was not tried. */
  error?: string;
}
