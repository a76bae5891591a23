import type { Limits, PublishEntry } from './config.js';

/** A container as `ps --json` has it. */
export interface ListedContainer {
  name: string;
  stack: string;
  image: string;
  /**
   * What the kernel says, not the record. `exited`: its monitor saw it end. `gone`: its process is
   * no more and nobody saw why. `missing`: its disk is no more either. `stopped`: by hand, or never
   * started. `paused`: its processes are held still.
   */
  status: 'running' | 'paused' | 'stopped' | 'exited' | 'gone' | 'missing';
  /** A command of ours that has frozen it for a while; one that is not alive was killed, and the next apply lets it go on. */
  frozen_by?: { purpose: string; pid: number; alive: boolean };
  /** Why it was stopped and is left so: `unhealthy: …`. */
  halted?: string;
  /** It was rolled back; in what the file asks for something else. */
  held?: string[];
  /** Only when exited; 128 + n for signal n. */
  exit_code?: number;
  /** Only when exited: the kernel ended it for want of memory. */
  out_of_memory?: boolean;
  /** Only while running, as the host numbers it. */
  pid?: number;
  /** Only while running; ISO 8601. */
  started_at?: string;
  /** Only while running; milliseconds. */
  uptime?: number;
  /** Only while running and with a health check. `failing`: not often enough to be unhealthy. */
  health?: {
    status: 'starting' | 'healthy' | 'failing' | 'unhealthy';
    /** In a row. */
    failures: number;
    /** That make it unhealthy. */
    retries: number;
    /** Of the last failure. */
    reason?: string;
  };
  /** In a row; absent when there were none. */
  restarts?: number;
  /** ISO 8601: it has ended, and is not tried again before. */
  next_try?: string;
  /** How it ended before it was last started again. */
  last_exit?: { code: number; out_of_memory: boolean };
  /** Without prefix length, by bridge; null on a bridge without a subnet. */
  addresses: Record<string, string | null>;
  /** Ports of the host that lead to it; absent for none. */
  publish?: PublishEntry[];
  limits: Limits;
}
