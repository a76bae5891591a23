import type { Limits, PublishEntry } from './config.js';

/** A container as printed by `ps --json`. */
export interface ListedContainer {
  name: string;
  stack: string;
  image: string;
  /**
   * The observed status. `exited`: its monitor saw it exit. `gone`: its process is gone and no exit
   * was recorded. `missing`: its disk is gone too. `stopped`: by the user, or never started.
   * `paused`: its processes are frozen.
   */
  status: 'running' | 'paused' | 'stopped' | 'exited' | 'gone' | 'missing';
  /**
   * The baleine command that has frozen it temporarily. If that is not alive it was killed, and the
   * next apply thaws the container.
   */
  frozen_by?: { purpose: string; pid: number; alive: boolean };
  /** Why it was stopped and is not restarted: `unhealthy: …`. */
  halted?: string;
  /** It was rolled back: the keys in which the file differs from it. */
  held?: string[];
  /** Only if exited; 128 + n for signal n. */
  exit_code?: number;
  /** Only if exited: it was killed by the OOM killer. */
  out_of_memory?: boolean;
  /** Only while running: the pid on the host. */
  pid?: number;
  /** Only while running; ISO 8601. */
  started_at?: string;
  /** Only while running; milliseconds. */
  uptime?: number;
  /**
   * Only while running and with a health check. `failing`: fewer consecutive failures than
   * `retries`.
   */
  health?: {
    status: 'starting' | 'healthy' | 'failing' | 'unhealthy';
    /** Consecutive failures. */
    failures: number;
    /** Consecutive failures that make it unhealthy. */
    retries: number;
    /** The reason of the last failure. */
    reason?: string;
  };
  /** Consecutive restarts; absent for none. */
  restarts?: number;
  /** ISO 8601: it has exited and is not restarted before this time. */
  next_try?: string;
  /** How it exited before its last restart. */
  last_exit?: { code: number; out_of_memory: boolean };
  /** Without prefix length, by bridge; null on a bridge without a subnet. */
  addresses: Record<string, string | null>;
  /** Its IPv6 addresses beside IPv4 ones; where it has no other, they are among `addresses`. */
  addresses6?: Record<string, string>;
  /** Host ports forwarded to it; absent for none. */
  publish?: PublishEntry[];
  limits: Limits;
  /** What `container restore` would go on with: its time, ISO 8601, and bytes. Absent for none. */
  checkpoint?: { created_at: string; size: number };
  /** Absent for none. */
  labels?: Record<string, string>;
}
