/** Resources used by a cgroup, as counted by the kernel. */
export interface Usage {
  /** Seconds of CPU time since its start. */
  cpu_time: number;
  /** Bytes that count against the limit, including page cache. */
  memory: number;
  pids: number;
  /**
   * Bytes by device number, `7:0`. On cgroup v1, newer kernels count only where a throttle is set
   * (blk-throttle); on v2, I/O is also counted on the disk that stores the file of the container's
   * disk.
   */
  io: { device: string; read_bytes: number; write_bytes: number }[];
  /** Quota periods in which it was throttled, and for how many seconds in total. */
  throttled_periods: number;
  throttled_time: number;
  /** Processes killed in it by the OOM killer. */
  oom_kills: number;
}

/** Bytes over all links except loopback, from the container's point of view. */
export interface Traffic {
  received: number;
  sent: number;
}

/** A running container as printed by `stats --json`. */
export interface ContainerStats extends Usage {
  name: string;
  stack: string;
  /** 100 is one CPU; since the previous sample. */
  cpu_percent: number;
  /** Bytes; absent without a limit. */
  memory_limit?: number;
  network: Traffic;
}
