import type { Limits } from '../model/config.js';
import type { HealthResult } from '../model/health.js';
import type { BridgeSpec, ContainerSpec } from '../model/specs.js';
import type { Traffic, Usage } from '../model/usage.js';

/**
 * One look at the host, taken for a plan. Synchronous after it was taken; one subprocess
 * (`ip -json`) whatever the number of containers; all else is read from /proc and /sys.
 */
export interface Probe {
  bootId: string;
  /** When the look was taken, milliseconds since 1970. */
  now: number;
  /** Milliseconds since the host was booted, by a clock that nobody sets; as start times of processes count. */
  uptime: number;
  /** Links of the host's own network namespace by interface name. */
  link(name: string): SeenLink | undefined;
  /** Links whose alias begins with `prefix`. */
  linksWithAlias(prefix: string): SeenLink[];
  /** Whether something is mounted exactly at a path. */
  mounted(path: string): boolean;
  /**
   * The file that is loop-mounted at a path, as the kernel names it: one that was deleted, or replaced,
   * ends in ` (deleted)`. Undefined where no file is.
   */
  mountedFile(path: string): string | undefined;
  /** Bytes that a disk file has, and that its file system takes; undefined when it is not there. */
  diskSize(path: string): { size: number; wanted: number } | undefined;
  /** A live process; undefined for none or a zombie. */
  process(pid: number): SeenProcess | undefined;
  /** Whether something is at a path. */
  exists(path: string): boolean;
  file(path: string): { size: number; used: number; directory: boolean } | undefined;
  /** What is in a folder; nothing when it is not there. */
  names(dir: string): string[];
  /** Names of the groups in a cgroup. */
  groups(cgroup: string): string[];
  /** Text of a small file, undefined when it is not there. */
  text(path: string): string | undefined;
  /** Whether a file holds just this text; undefined when it is not there. */
  holds(path: string, text: string): boolean | undefined;
  /** These limits as the kernel has them; undefined when the cgroup is not there. */
  limits(cgroup: string, names: readonly (keyof SeenLimits)[]): SeenLimits | undefined;
  /** Major and minor number, `7:0`, of a block device, or of the one that a folder is on. */
  device(path: string): string | undefined;
  /** The version of the hierarchy that has a cgroup controller; v1's name for it. */
  controller(name: string): 1 | 2 | undefined;
  /** How often the kernel killed for memory in this cgroup. */
  oomKills(cgroup: string): number;
  /** Whether the processes of this cgroup are held still. */
  frozen(cgroup: string): boolean;
  /** Who of us has frozen a container for a while, or had when it was killed; undefined when nobody has. */
  hold(id: string): Hold | undefined;
  /** IPv4 addresses (`10.77.1.4/24`) by device name, inside the network namespace of a process. */
  addresses(pid: number, devices: readonly string[]): Map<string, string[]>;
  /** Where a process has a folder or file mounted that was deleted since: it sees the old one. */
  deadMounts(pid: number): string[];
  /** What a cgroup has used so far, read anew at each call; undefined when it is not there. */
  usage(cgroup: string): Usage | undefined;
  /** In the network namespace of a process, so far. */
  traffic(pid: number): Traffic;
  /** What conmon wrote when the container ended. */
  exit(id: string): { code: number; at: string } | undefined;
  /** When its health was last asked for, milliseconds since 1970; undefined for never in this life. */
  askedAt(id: string): number | undefined;
  /** What it answered in this look; undefined when it was not asked. */
  health(id: string): HealthResult | undefined;
}

/** A command that works on a container while it is frozen. */
export interface Hold {
  /** The command, `cp`. */
  purpose: string;
  pid: number;
  /** False: it was killed, and the next apply lets the container go on. */
  alive: boolean;
}

/** What the host has to give, each read when it is asked for. */
export interface Capacity {
  /** CPUs that are online, `0-1`. */
  cpus(): string;
  /** See Probe. */
  controller(name: string): 1 | 2 | undefined;
  /** Whether a block device is there. */
  isBlockDevice(path: string): boolean;
  /** Why a container cannot have such a label here; undefined when it can. */
  withoutLabel(kind: 'apparmor' | 'selinux', label: string): string | undefined;
  /** Why a container cannot have a user namespace of its own here; undefined when it can. */
  withoutUserns(): string | undefined;
  /** Its own IPv4 addresses, without prefix length. */
  addresses(): string[];
  /** Who listens where nobody else can then: at this TCP port of this address, or of all. */
  listener(address: string, port: number): Listener | undefined;
}

/**
 * What starting or changing something presupposes of the host, beyond its capacity. Asked while
 * planning, so that what would fail is refused before anything is touched. Each answer is a cause, or
 * undefined when all is well.
 */
export interface Preconditions extends Pick<Capacity, 'isBlockDevice' | 'withoutLabel'> {
  /** Why a path of the host cannot be mounted. */
  withoutSource(path: string): string | undefined;
  /** Why there can be no container with these capabilities, or this system call filter. */
  withoutGuards(spec: Guarded): string | undefined;
  /** Why a container cannot have this kernel parameter, or not with this value. */
  withoutSysctl(name: string, value: string): string | undefined;
  /** Why this OCI runtime cannot be used. */
  withoutRuntime(name: string): string | undefined;
  /** What the processes of a cgroup hold that the kernel cannot take back; undefined when there is none. */
  held(cgroup: string): HeldResources | undefined;
  /** Whether the host passes on packets between its networks. */
  forwards(): boolean;
  /** Why an interface cannot join a bridge. */
  withoutUplink(name: string, bridge: string): string | undefined;
  /**
   * The interface or the route of the host that is in the way of a bridge's subnet.
   *
   * @param going interfaces of bridges that are of the same plan, and their uplinks
   */
  withoutSubnet(bridge: BridgeSpec, going: ReadonlySet<string>): string | undefined;
}

export type Guarded = Pick<ContainerSpec, 'security' | 'cap_add' | 'cap_drop' | 'seccomp'>;

export interface HeldResources {
  /** Bytes. */
  memory: number;
  /** Processes and threads. */
  pids: number;
}

/** Without a pid when it is a process of another mount or pid namespace that we cannot see. */
export interface Listener {
  /** Where it listens; `0.0.0.0` for everywhere. */
  address: string;
  pid?: number;
  /** Its program's name. */
  program?: string;
  /** Id of the container of ours that it is in. */
  container?: string;
}

export interface SeenProcess {
  /** Field 22 of /proc/PID/stat: clock ticks since boot. */
  start_time: number;
  /** Its pid; a process whose parent ended has another at once. */
  parent: number;
}

export interface SeenLink {
  name: string;
  /** `bridge`, or anything else. */
  kind: string;
  up: boolean;
  master?: string;
  alias?: string;
  /** IPv4, with prefix length; in a look only those of bridges. */
  addresses: string[];
  /**
   * The widest scope of its addresses of IPv6: `link` is what the kernel gives by itself. Absent for
   * none; in a look only told of bridges.
   */
  ipv6?: 'link' | 'global';
}

/**
 * Absent or undefined means no limit. `io` names devices by their numbers; `devices` is all that is allowed, on v1
 * only.
 */
export type SeenLimits = { readonly [K in keyof Limits]?: Limits[K] | undefined };
