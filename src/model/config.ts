import type { External, ImageEntry } from './config-images.js';
import type { DeviceRule } from './devices.js';

export type * from './config-images.js';

/**
 * baleine.yaml after reading: variables replaced, short forms spelled out, sizes in bytes,
 * durations in milliseconds, paths absolute, every cross-reference checked. Keys stay the file's.
 */
export interface Config {
  /** The stack. */
  name: string;
  /** Shown in messages; `-` for standard input. */
  file: string;
  /** Of the text as read, to recognise a plan made from another version. */
  digest: string;
  images: Record<string, ImageEntry>;
  bridges: Record<string, BridgeEntry>;
  volumes: Record<string, VolumeEntry>;
  containers: Record<string, ContainerEntry>;
  farms: Record<string, FarmEntry>;
  /** Where an entry stands, `baleine.yaml:12:5`, for complaints found later. */
  where: (path: readonly (string | number)[]) => string;
}

export type BridgeEntry = External | BridgeSource;

export interface BridgeSource {
  external?: false;
  /** `10.77.1.0/24`; without one its containers have no address there. */
  subnet?: string;
  /** The host's own address on it. */
  host?: string;
  isolated: boolean;
  /** A host interface that joins the bridge. */
  uplink?: string;
  protect: boolean;
}

export interface VolumeEntry {
  protect: boolean;
}

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

export interface ContainerEntry {
  image: string;
  entrypoint?: string[];
  command?: string[];
  /** Undefined for one: then the container bears the entry's bare name. */
  replicas?: number;
  bridges: Record<string, Attachment>;
  volumes: MountEntry[];
  /** Absent for none. */
  publish?: PublishEntry[];
  environment: Record<string, string>;
  user?: string;
  working_dir?: string;
  limits: Limits;
  restart: RestartPolicy;
  healthcheck?: HealthCheck;
  /** Where it has no test of its own: what it has to say of the image's. */
  image_health?: ImageHealth;
  /** By the next apply, or at once by its monitor. */
  heal: 'cron' | 'immediate';
  depends_on: Record<string, { condition: Condition }>;
  /** Default: the image's, else SIGTERM. */
  stop_signal?: string;
  /** Milliseconds between the stop signal and SIGKILL. */
  stop_grace_period: number;
  protect: boolean;
  security: 'default' | 'restricted' | 'unconfined';
  /** A user namespace with ids of its own; undefined: ids inside are those of the host. */
  userns?: 'auto';
  /** A profile's absolute path, or no filter; absent for the one that `security` has. */
  seccomp?: string;
  /** Name of a loaded profile. */
  apparmor?: string;
  /** `user:role:type:level` */
  selinux?: string;
  cap_add: string[];
  cap_drop: string[];
  read_only: boolean;
  tmpfs: string[];
  sysctls: Record<string, string>;
  ulimits: Record<string, { soft: number; hard: number }>;
  hostname?: string;
  dns: string[];
  labels: Record<string, string>;
  runtime?: string;
  logs: { max_size: number };
  /** It has the host's network instead of one of its own; a file has no word for it. */
  host_network?: true;
}

/** How the servers of a farm give way to new ones. Times in milliseconds. */
export interface UpdatePolicy {
  /** Whether what takes over is there before what it takes over from goes. */
  order: 'start-first' | 'stop-first';
  /** Servers at a time, 1 and up. */
  parallelism: number;
  /** What requests under way are given to end before a server goes. */
  drain: number;
  /** For how long a new server is watched before it is the next one's turn. */
  monitor: number;
  /** When a new server does not become or stay well. */
  failure_action: 'pause' | 'continue' | 'rollback';
}

/** What a farm's proxy is told beyond what every container is. */
export interface ProxyOptions {
  engine: 'haproxy';
  listen: number;
  mode: 'http' | 'tcp';
  balance: 'roundrobin' | 'leastconn' | 'source';
  /** By what a client is known again and kept with its server. */
  sticky?: 'cookie' | 'source';
  tls?: {
    listen: number;
    /** Requests without TLS are sent there. */
    redirect: boolean;
    /** Absolute paths of PEM files: certificate and key, one after the other. */
    files: string[];
  };
  /** Port of HAProxy's own statistics page. */
  stats?: number;
  access_log?: true;
  /** Lines to add, by section. */
  snippets?: { [section in 'global' | 'defaults' | 'frontend' | 'backend']?: string };
}

export interface FarmEntry {
  update: UpdatePolicy;
  servers: ContainerEntry & { port: number };
  proxy: ContainerEntry & ProxyOptions;
}

/** What a file says of containers, with its place in it: those of farms are among them. */
export function entriesOf({ containers, farms }: Pick<Config, 'containers' | 'farms'>): {
  path: string[];
  entry: ContainerEntry;
}[] {
  const plain = Object.entries(containers).map(([name, entry]) => ({
    path: ['containers', name],
    entry,
  }));
  const parts = Object.entries(farms).flatMap(([name, { servers, proxy }]) => [
    { path: ['farms', name, 'servers'], entry: servers },
    { path: ['farms', name, 'proxy'], entry: proxy },
  ]);
  return [...plain, ...parts];
}
