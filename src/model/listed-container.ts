import type { Limits } from './config.js';

/** A container as `ps --json` has it. */
export interface ListedContainer {
  name: string;
  stack: string;
  image: string;
  /**
   * What the kernel says, not the record. `exited`: its monitor saw it end. `gone`: its process is
   * no more and nobody saw why. `missing`: its disk is no more either.
   */
  status: 'running' | 'exited' | 'gone' | 'missing';
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
  /** Without prefix length, by bridge; null on a bridge without a subnet. */
  addresses: Record<string, string | null>;
  limits: Limits;
}
