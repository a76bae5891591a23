import type { DeviceRule } from './devices.js';

export interface Attachment {
  /** A static address; if absent, one is leased from the subnet. */
  address?: string;
  /** The same for IPv6, in canonical form. */
  address6?: string;
  mac?: string;
  /** Whether it may send from its own MAC address only; absent: as its bridge says. */
  port_security?: boolean;
  aliases: string[];
}

export interface MountEntry {
  type: 'volume' | 'bind' | 'config';
  /** The name of a volume or generated file, or an absolute path of the host. */
  source: string;
  target: string;
  read_only: boolean;
  /** A new volume does not get its first content from the image. */
  nocopy?: true;
  /** Only this folder of a volume. */
  subpath?: string;
  /** A missing folder of the host is created. */
  create?: true;
  /** Its index in the file, if others come before it. */
  at?: number;
}

/** A command that runs inside a running container. Absent values are the container's own. */
export interface Hook {
  command: string[];
  user?: string;
  working_dir?: string;
  /** Added to the container's. */
  environment?: Record<string, string>;
}

/** A port of the host that is forwarded to a port of a container. */
export interface PublishEntry {
  /** An address of the host; `0.0.0.0` for all of IPv4, `::` for all of IPv6. */
  host_ip: string;
  /** On the host. */
  published: number;
  /** In the container. */
  target: number;
  /** Default: TCP. */
  protocol?: 'udp';
  /** Each connection begins with a PROXY protocol header that carries the client's address. */
  proxy_protocol?: true;
  /** The container's program inherits the listening socket of the host, under this name. */
  socket_activation?: string;
}

/** A published port as declared: baleine may choose the port of the host. */
export interface PublishRequest extends PublishEntry {
  /** 0 for any free port. */
  published: number;
  /** Any free port from `published` to this one. */
  last?: number;
  /** Its index in the file, if others come before it. */
  at?: number;
  /** Of this replica only, from 1. */
  replica?: number;
  /** Its `0.0.0.0` is in the file: not for IPv6, too. */
  only_ipv4?: true;
}

/** Throttles of one block device; an absent rate is unlimited, and at least one is present. */
export interface IoLimit {
  /** Path of a block device, or `disk` for the container's own disk. */
  device: string;
  /** Bytes per second. */
  read_bps?: number;
  write_bps?: number;
  /** Operations per second. */
  read_iops?: number;
  write_iops?: number;
}

export interface Limits {
  /** Bytes. Swap is 0 unless `memory_swap` is set. */
  memory?: number;
  /** Bytes that the kernel leaves it when memory runs short. */
  memory_reservation?: number;
  /** Bytes of memory and swap together, at least `memory`; -1 for no limit. */
  memory_swap?: number;
  /** How readily its memory is swapped out, 0–100; cgroup v1 only. */
  memory_swappiness?: number;
  /** Number of CPUs, 0.01 and up; a quota of CPU time per 100 ms. */
  cpus?: number;
  /** Relative weight, 2–262144; 1024 is the kernel's default. */
  cpu_shares?: number;
  /** `0-1,3`. */
  cpuset?: string;
  /** Processes and threads; default 2048. */
  pids: number;
  io?: IoLimit[];
  /** In addition to what every container has; a later rule overrides an earlier one. */
  devices?: DeviceRule[];
  /** Traffic class of its packets for tc(8); cgroup v1 only. */
  net_class?: number;
}

export interface RestartPolicy {
  name: 'no' | 'always' | 'on-failure';
  /** For `on-failure:N`: give up after N consecutive restarts. */
  max?: number;
}

/** A test run inside the container: a connection, a page, or a command's exit code. */
export type HealthTest = TcpTest | HttpTest | { exec: string[] };

export interface TcpTest {
  /** The port that must accept a connection. */
  tcp: number;
}

export interface HttpTest {
  /** `status` is `200`, or a range such as `200-399`. */
  http: { port: number; path: string; status: string };
}

/** Times in milliseconds. */
export type HealthCheck = HealthTest & {
  /** Minimum time between two checks. */
  interval: number;
  timeout: number;
  /** Consecutive failures after which the container is unhealthy. */
  retries: number;
  /** Time after a start during which failures do not count. */
  start_period: number;
  /** Minimum time between two checks during `start_period`; default: `interval`. */
  start_interval?: number;
  on_failure: 'restart' | 'stop' | 'none';
};

/** Overrides of the image's health check; times in milliseconds. */
export type ImageHealth =
  | { disable: true }
  | Partial<
      Pick<
        HealthCheck,
        'interval' | 'timeout' | 'retries' | 'start_period' | 'start_interval' | 'on_failure'
      >
    >;

export type Condition = 'service_started' | 'service_healthy' | 'service_completed_successfully';

export interface MountSpec {
  source: string;
  target: string;
  read_only: boolean;
  /** A missing folder of the host is created before a start. */
  create?: true;
  /** Only this folder of a volume; relative to `source`. */
  subpath?: string;
}

/** The sections of secrets and configs in a file, which are also keys of a container. */
export type FileSection = 'secrets' | 'configs';

/** Where a secret or config has its content from; paths are absolute. */
export type FileOrigin =
  | { file: string }
  /**
   * The name of a variable of baleine's own environment, or, where that has none, of files of
   * variables, some of which may be missing; the last one wins.
   */
  | { environment: string; env_files?: readonly string[] }
  | { content: string }
  /** A file encrypted by age(1), and the file with the identity that decrypts it. */
  | { age: string; identity: string };

/** A secret or config as a container uses it. */
export interface FileReference {
  /** Its name in the section. */
  source: string;
  /** Absolute path inside. */
  target: string;
  /** Permission bits. */
  mode: number;
  /** Owner inside the container; default: the container's user. */
  uid?: number;
  gid?: number;
}

/** The same, resolved. Its content is nowhere recorded. */
export interface MemoryFileSpec extends FileReference {
  /** Keyed digest of the content; for age, of the encrypted one. */
  digest: string;
  /** Absent for a content in baleine.yaml. */
  from?: Exclude<FileOrigin, { content: string }>;
}

/** A file in memory as it is on the host. */
export interface MemoryFileState extends Omit<MemoryFileSpec, 'source' | 'from'> {
  /** Whether it has the content that was written to it. */
  intact: boolean;
}

/** The link between a container and a bridge. */
export interface LinkSpec {
  bridge: string;
  /** The bridge's interface on the host. */
  bridge_link: string;
  /** The veth interface on the host. */
  link: string;
  alias: string;
  /** The interface in the container, `eth0`. */
  device: string;
  /** With prefix length, `10.77.1.4/24`; absent on a bridge without a subnet. */
  address?: string;
  /** The same for IPv6, `fd00:77:1::4/64`. */
  address6?: string;
  mac?: string;
  /**
   * The default route, at most one per container: the way out of the first bridge that has one, the
   * gateway of the first that has one, or the host's address on the first that has one.
   */
  gateway?: string;
  /** The same for IPv6; no way out has one. */
  gateway6?: string;
  /**
   * The name servers of the way out, or of the bridge's gateway, that `gateway` is, even if there are
   * none; absent if it is the host.
   */
  dns?: string | string[];
  /** The bridge's own resolver, which asks `dns` for what it does not know. */
  resolver?: string;
  /** Its port accepts any MAC address. Absent: only the container's own. */
  port_security?: false;
  /** Bytes, on both ends; absent: 1500. */
  mtu?: number;
  /** Reaches no other isolated container of the bridge. */
  isolated?: true;
  /**
   * What a container has fixed of its neighbors, MAC addresses by address, if one of them could claim
   * what is not true; `host` is the MAC address of the bridge itself.
   */
  neighbors?: Readonly<Record<string, string>>;
}

/** A condition that another container must meet before this one starts. */
export interface DependencySpec {
  name: string;
  condition: Condition;
  id: string;
  /** Where to check its health, for `service_healthy`. */
  target?: HealthTarget;
  /** Starts even if the condition is not met, with a warning. */
  required?: false;
  /** Restarts after the other one is changed or restarted on request. */
  restart?: true;
}

/** A container's health check, and where to run it. */
export interface HealthTarget {
  id: string;
  check: HealthCheck;
  /** Inside its network namespace, without prefix length. */
  address: string;
  /** Id of the container whose network it shares; absent if it has its own. */
  network?: string;
  /** The address is one of the host, in the host's network. */
  on_host?: true;
}

/** User and group ids of the host that are mapped to 0 and up in one container. */
export interface IdRange {
  first: number;
  count: number;
}

/** As many ids as an ordinary system needs: 0 to 65534 and nogroup (user_namespaces(7)). */
const COUNT = 65_536;

/**
 * Unassigned in systemd's list of ids (https://systemd.io/UIDS-GIDS), below 2^31, and far above the
 * subordinate ids of useradd(8).
 */
const FIRST = 0x7000_0000;
export const ID_RANGES = 4094;

/** The range of a number from 0 to ID_RANGES - 1. */
export function idRange(number: number): IdRange {
  return { first: FIRST + number * COUNT, count: COUNT };
}

export type WatchAction = 'sync' | 'rebuild' | 'restart' | 'sync+restart' | 'sync+exec';

/** What `watch` does when files of the host change. */
export interface WatchRule {
  /** Absolute. */
  path: string;
  action: WatchAction;
  /** Absolute, in the container; present for all that sync. */
  target?: string;
  /** Patterns of files below `path`. */
  ignore: string[];
  /** Empty: all files. */
  include: string[];
  initial_sync?: true;
  /** Present for `sync+exec`. */
  exec?: Hook;
}
