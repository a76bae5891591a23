import type { RepositoryAccess } from '../model/backup.js';
import type { FileSection, Limits } from '../model/config.js';
import type { Lease } from '../model/dhcp.js';
import type { ObservedEgress } from '../model/egress.js';
import type { HealthResult } from '../model/health.js';
import type { NamespaceType } from '../model/namespaces.js';
import type { BridgePort, FixedAddresses } from '../model/port-security.js';
import type { BridgeSpec, ContainerSpec, MemoryFileSpec, MemoryFileState } from '../model/specs.js';
import type { Traffic, Usage } from '../model/usage.js';

/**
 * One observation of the host, made for a plan. Synchronous once it is made; one subprocess (`ip
 * -json`) regardless of the number of containers; everything else is read from /proc and /sys.
 */
export interface Probe {
  bootId: string;
  /** When the observation was made, milliseconds since 1970. */
  now: number;
  /** Milliseconds since the host's boot, by a monotonic clock; the clock of process start times. */
  uptime: number;
  /** Links of the host's own network namespace by interface name. */
  link(name: string): ObservedLink | undefined;
  /** Links whose alias starts with `prefix`. */
  linksWithAlias(prefix: string): ObservedLink[];
  /** Whether something is mounted exactly at a path. */
  mounted(path: string): boolean;
  /**
   * The file that is loop-mounted at a path, as the kernel names it: ` (deleted)` is appended if it
   * was deleted or replaced. Undefined if there is none.
   */
  mountedFile(path: string): string | undefined;
  /**
   * Size of a disk file, and the size that its file system needs; undefined if it does not exist.
   */
  diskSize(path: string): { size: number; wanted: number } | undefined;
  /** A live process; undefined if there is none or it is a zombie. */
  process(pid: number): ObservedProcess | undefined;
  /** Whether a path exists. */
  exists(path: string): boolean;
  file(path: string): { size: number; used: number; directory: boolean } | undefined;
  /** Names in a folder; empty if it does not exist. */
  names(dir: string): string[];
  /** Names of a cgroup's child groups. */
  groups(cgroup: string): string[];
  /** Text of a small file; undefined if it does not exist. */
  text(path: string): string | undefined;
  /** The secrets and configs of a container; undefined if it has no folder of them. */
  memoryFiles(id: string): readonly MemoryFileState[] | undefined;
  /** Text of a config; undefined if it is long, or not the text that was written. */
  configText(id: string, target: string): string | undefined;
  /** Whether a file has exactly this text; undefined if it does not exist. */
  hasText(path: string, text: string): boolean | undefined;
  /** The kernel's values of these limits; undefined if the cgroup does not exist. */
  limits(cgroup: string, names: readonly (keyof ObservedLimits)[]): ObservedLimits | undefined;
  /**
   * Major and minor number (`7:0`) of a block device, or of the device of a folder's file system.
   */
  device(path: string): string | undefined;
  /** The cgroup version of a controller, by its v1 name. */
  controller(name: string): 1 | 2 | undefined;
  /** Number of OOM kills in this cgroup. */
  oomKills(cgroup: string): number;
  /** Whether the processes of this cgroup are frozen. */
  frozen(cgroup: string): boolean;
  /**
   * The command of ours that has frozen a container, or had when it was killed; undefined if there
   * is none.
   */
  frozenBy(id: string): FreezeHolder | undefined;
  /** IPv4 addresses (`10.77.1.4/24`) by device name, inside the network namespace of a process. */
  addresses(pid: number, devices: readonly string[]): Map<string, string[]>;
  /** The gateway of a default route by device name, inside the network namespace of a process. */
  gateways(pid: number): Map<string, string>;
  /** Global IPv6 addresses (`fd00::4/64`) by device name, as `addresses`. */
  addresses6(pid: number): Map<string, string[]>;
  /** The gateways of IPv6 default routes by device name, as `gateways`. */
  gateways6(pid: number): Map<string, string[]>;
  /** The network namespace of a way out, by name; undefined if it does not exist. */
  egress(netns: string): ObservedEgress | undefined;
  /** The host's own networks and addresses, which a way out closes by default. */
  ownNetworks(): string[];
  /** What the host has fixed of a bridge, by its interface. */
  fixed(bridge: string): FixedAddresses;
  /**
   * The fixed MAC addresses by address, by device, in the network namespace of a process; undefined
   * if they cannot be read.
   */
  neighbors(pid: number): ReadonlyMap<string, ReadonlyMap<string, string>> | undefined;
  /** Mount points where a process still sees a folder or file that has since been deleted. */
  deadMounts(pid: number): string[];
  /** Resource usage of a cgroup, read at each call; undefined if it does not exist. */
  usage(cgroup: string): Usage | undefined;
  /** Traffic so far in the network namespace of a process. */
  traffic(pid: number): Traffic;
  /**
   * Identifies the namespace that a process is in, or that is bound to a file; undefined if there is
   * none.
   */
  namespace(of: number | string, type: NamespaceType): string | undefined;
  /** What conmon wrote when the container ended; code -1 if it killed it after a timeout. */
  exit(id: string): { code: number; at: string } | undefined;
  /**
   * When its health was last checked, milliseconds since 1970; undefined if never since its start.
   */
  checkedAt(id: string): number | undefined;
  /** The result of its health check in this observation; undefined if it was not checked. */
  health(id: string): HealthResult | undefined;
}

/** A command that works on a container while it is frozen. */
export interface FreezeHolder {
  /** The command, `cp`. */
  purpose: string;
  pid: number;
  /** False: it was killed, and the next apply thaws the container. */
  alive: boolean;
}

/** The host's resources, each read on demand. */
export interface Capacity {
  /** Online CPUs, `0-1`. */
  cpus(): string;
  /** See Probe. */
  controller(name: string): 1 | 2 | undefined;
  /** Whether a block device exists. */
  isBlockDevice(path: string): boolean;
  /** Why a container cannot have this label here; undefined if it can. */
  labelProblem(kind: 'apparmor' | 'selinux', label: string): string | undefined;
  /** Why a container for this platform (`linux/amd64`) cannot run here; undefined if it can. */
  platformProblem(platform: string): string | undefined;
  /** Why a container cannot have its own user namespace here; undefined if it can. */
  usernsProblem(): string | undefined;
  /** The host's own addresses, without prefix length. */
  addresses(): string[];
  /** The listener that blocks this port of this address, or of all addresses; TCP by default. */
  listener(address: string, port: number, protocol?: 'udp'): Listener | undefined;
}

/**
 * Requirements of a start or a change that the host must meet, beyond its capacity. Checked during
 * planning, so that a change that would fail is rejected before anything is touched. Each result is
 * a cause, or undefined if there is no problem.
 */
export interface Preconditions
  extends Pick<Capacity, 'isBlockDevice' | 'labelProblem' | 'controller'> {
  /** Why a secret or config of a container, as recorded or declared, could not be written. */
  memoryFileProblem(
    id: string,
    file: MemoryFileSpec & { section: FileSection },
  ): string | undefined;
  /** Why a host path cannot be mounted. */
  bindSourceProblem(path: string): string | undefined;
  /** Why a folder of the host cannot be mounted, though it may be created. */
  newFolderProblem(path: string): string | undefined;
  /** Why a container cannot have these capabilities, or this system call filter. */
  securityProblem(spec: SecurityOptions): string | undefined;
  /** Why a container cannot have this kernel parameter, or not with this value. */
  sysctlProblem(name: string, value: string): string | undefined;
  /** Why this OCI runtime cannot be used. */
  runtimeProblem(name: string): string | undefined;
  /**
   * Why an OCI runtime runs no WebAssembly modules, or not in this engine.
   *
   * @param engine true for any
   */
  wasmProblem(runtime: string, engine: string | true): string | undefined;
  /** Why no container can have an init. */
  initProblem(): string | undefined;
  /**
   * Resources of a cgroup's processes that the kernel cannot reclaim; undefined if it does not
   * exist.
   */
  unreclaimable(cgroup: string): UnreclaimableResources | undefined;
  /**
   * Why a bridge cannot have a way out here.
   *
   * @param builds its program is copied from the host
   */
  egressProblem(builds: boolean): string | undefined;
  /** Why the volume at this path cannot become one of this size, in bytes; undefined: a folder. */
  volumeSizeProblem(path: string, size: number | undefined): string | undefined;
  /** Why a volume cannot be backed up so, with the key of `backup` that is the cause. */
  backupProblems(backup: RepositoryAccess): { at: string[]; cause: string | undefined }[];
  /** Why UDP ports cannot be published here: the program is copied from the host. */
  udpForwarderProblem(): string | undefined;
  /** Why a bridge cannot have a resolver here: the program is copied from the host. */
  resolverProblem(): string | undefined;
  /** Asks the DHCP server of the network of an interface, or says why there is no answer. */
  lease(uplink: string): Lease | string;
  /** Whether the host forwards packets between its networks. */
  forwards(): boolean;
  /** The same for IPv6. */
  forwards6(): boolean;
  /** Why an interface cannot join a bridge. */
  uplinkProblem(name: string, bridge: string): string | undefined;
  /**
   * The host's interface or route that conflicts with a bridge's subnet.
   *
   * @param going interfaces of bridges in the same plan, and their uplinks
   */
  subnetProblem(bridge: BridgeSpec, going: ReadonlySet<string>): string | undefined;
  /** The same for its IPv6 subnet. */
  subnet6Problem(bridge: BridgeSpec, going: ReadonlySet<string>): string | undefined;
  /** Why no bridge can have an IPv6 subnet. */
  ipv6Problem(): string | undefined;
}

export type SecurityOptions = Pick<ContainerSpec, 'security' | 'cap_add' | 'cap_drop' | 'seccomp'>;

export interface UnreclaimableResources {
  /** Bytes. */
  memory: number;
  /** Processes and threads. */
  pids: number;
}

/** Has no pid if it is a process of another mount or pid namespace that we cannot see. */
export interface Listener {
  /** Listening address; `0.0.0.0` for all of IPv4, `::` for all. */
  address: string;
  pid?: number;
  /** Its program's name. */
  program?: string;
  /** Id of our container that it runs in. */
  container?: string;
}

export interface ObservedProcess {
  /** Field 22 of /proc/PID/stat: clock ticks since boot. */
  start_time: number;
  /** Its parent's pid; changes as soon as the parent has ended. */
  parent: number;
}

export interface ObservedLink {
  name: string;
  /** `bridge`, or anything else. */
  kind: string;
  up: boolean;
  master?: string;
  alias?: string;
  /** IPv4 with prefix length; in a snapshot only for bridges. */
  addresses: string[];
  /**
   * The widest scope of its IPv6 addresses: `link` is the kernel's default. Absent without any; in
   * a snapshot only for bridges.
   */
  ipv6?: 'link' | 'global';
  /** Those of wider scope, with prefix length; absent without any. */
  addresses6?: string[];
  /** As a port of a bridge; absent if it is none. */
  port?: BridgePort;
}

/**
 * Absent or undefined means no limit. `io` identifies devices by number; `devices` is the complete
 * list of allowed devices, on v1 only.
 */
export type ObservedLimits = { readonly [K in keyof Limits]?: Limits[K] | undefined };
