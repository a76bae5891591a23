import type { DeviceRule } from './devices.js';

export interface Attachment {
  /** Static; leased from the subnet when absent. */
  address?: string;
  mac?: string;
  aliases: string[];
}

export interface MountEntry {
  type: 'volume' | 'bind' | 'config';
  /** A volume's name, an absolute host path, or a generated config's name. */
  source: string;
  target: string;
  read_only: boolean;
}

/** A port of the host that leads to a port of a container; TCP. */
export interface PublishEntry {
  /** An address of the host; `0.0.0.0` for all. */
  host_ip: string;
  /** On the host. */
  published: number;
  /** In the container. */
  target: number;
  /** The connection begins with a PROXY protocol header, which tells the client's address. */
  proxy_protocol?: true;
}

/** Rates for one block device, each absent for no limit; at least one is there. */
export interface IoLimit {
  /** Path of a block device, or `disk` for the container's own disk. */
  device: string;
  /** Bytes a second. */
  read_bps?: number;
  write_bps?: number;
  /** Operations a second. */
  read_iops?: number;
  write_iops?: number;
}

export interface Limits {
  /** Bytes. Swap is 0. */
  memory?: number;
  /** CPUs' worth of time, 0.01 and up; a quota over 100 ms. */
  cpus?: number;
  /** Relative weight, 2–262144; 1024 is the kernel's default. */
  cpu_shares?: number;
  /** `0-1,3`. */
  cpuset?: string;
  /** Processes and threads; 2048 unless set. */
  pids: number;
  io?: IoLimit[];
  /** On top of what every container has; a later rule outweighs an earlier one. */
  devices?: DeviceRule[];
  /** The class that marks its packets for tc(8); cgroup v1 only. */
  net_class?: number;
}

export interface RestartPolicy {
  name: 'no' | 'always' | 'on-failure';
  /** For `on-failure:N`: give up after N starts in a row. */
  max?: number;
}

/** Asked from inside the container: a connection, a page, or a command's exit code. */
export type HealthTest = TcpTest | HttpTest | { exec: string[] };

export interface TcpTest {
  /** Port. */
  tcp: number;
}

export interface HttpTest {
  /** Status: `200`, or `200-399`. */
  http: { port: number; path: string; status: string };
}

/** Times in milliseconds. */
export type HealthCheck = HealthTest & {
  /** Least time between two questions. */
  interval: number;
  timeout: number;
  /** Failures in a row that make it unhealthy. */
  retries: number;
  /** After a start, in which failures do not count. */
  start_period: number;
  on_failure: 'restart' | 'stop' | 'none';
};

/** In place of what the image's health check says; times in milliseconds. */
export type ImageHealth =
  | { disable: true }
  | Partial<Pick<HealthCheck, 'interval' | 'timeout' | 'retries' | 'start_period' | 'on_failure'>>;

export type Condition = 'service_started' | 'service_healthy' | 'service_completed_successfully';

export interface MountSpec {
  source: string;
  target: string;
  read_only: boolean;
}

/** One end of a container on one bridge. */
export interface LinkSpec {
  bridge: string;
  /** The bridge's interface on the host. */
  bridge_link: string;
  /** Our end on the host. */
  link: string;
  alias: string;
  /** Inside: `eth0`. */
  device: string;
  /** With prefix length, `10.77.1.4/24`; absent on a bridge without a subnet. */
  address?: string;
  mac?: string;
  /** Default route, at most one per container: the host's address on its first bridge that has one. */
  gateway?: string;
}

/** What must be so of another container before one starts. */
export interface DependencySpec {
  name: string;
  condition: Exclude<Condition, 'service_started'>;
  id: string;
  /** How to ask, for `service_healthy`. */
  target?: HealthTarget;
}

/** Who is to be asked, and where. */
export interface HealthTarget {
  id: string;
  check: HealthCheck;
  /** Inside its network namespace, without prefix length. */
  address: string;
}
