/** What a cgroup has used, as the kernel counts it. */
export interface Usage {
  /** Seconds of CPU time since its start. */
  cpu_time: number;
  /** Bytes that count against the limit, page cache among them. */
  memory: number;
  pids: number;
  /**
   * Bytes by device number, `7:0`. On cgroup v1 newer kernels count only where a throttle is set
   * (blk-throttle); on v2 also for the disk below the file of a container's own disk.
   */
  io: { device: string; read_bytes: number; write_bytes: number }[];
  /** Periods of the quota in which it had to wait, and for how many seconds in all. */
  throttled_periods: number;
  throttled_time: number;
  /** How often the kernel killed in it for want of memory. */
  oom_kills: number;
}

/** Bytes over all links but loopback, as the container sees them. */
export interface Traffic {
  received: number;
  sent: number;
}

/** A running container as `stats --json` has it. */
export interface ContainerStats extends Usage {
  name: string;
  stack: string;
  /** 100 is one CPU; over the time since the last look. */
  cpu_percent: number;
  /** Bytes; absent without a limit. */
  memory_limit?: number;
  network: Traffic;
}
