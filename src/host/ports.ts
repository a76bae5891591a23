/**
 * The host as small ports. `linux/` has the real implementations, test/support in-memory ones.
 * Every `ensure…` checks first, acts on a difference, and reads back; removing something absent
 * succeeds; every failure rejects with "cannot <verb> <thing>: <cause>".
 */

import type { DebianSource, ForeignFrom, Limits, OriginalConfig } from '../model/config.js';
import type { HealthResult, HealthTarget } from '../model/health.js';
import type { IdRange } from '../model/id-range.js';
import type {
  ConfigSpec,
  ContainerSpec,
  ImageConfig,
  ImageOrigin,
  LinkSpec,
  MountSpec,
  ProxySpec,
} from '../model/specs.js';

export type * from './snapshot.js';

export interface Host {
  links: Links;
  disks: Disks;
  rootfs: Rootfs;
  images: Images;
  files: Files;
  cgroups: Cgroups;
  runtime: Runtime;
  health: Health;
  proxies: Proxies;
}

export interface DesiredBridge {
  link: string;
  alias: string;
  /** The host's address with prefix length. */
  address?: string;
  uplink?: string;
  /** The previous uplink, to be removed from the bridge. */
  release?: string;
}

/** All links of one container, wired before its process starts or added while it runs. */
export interface Wiring {
  netns: string;
  links: LinkSpec[];
  /** A new namespace belongs to a new user namespace with these ids. */
  userns?: IdRange;
}

export interface Links {
  ensureBridge(wanted: DesiredBridge): Promise<void>;
  removeLink(name: string): Promise<void>;
  /**
   * Creates the network namespaces and veth pairs of any number of containers in a constant number
   * of processes. Returns one result per wiring, in order; an Error for each that failed.
   */
  wire(wirings: Wiring[]): Promise<(Error | undefined)[]>;
  /** Removes host ends (their peers go with them). */
  unwire(names: string[]): Promise<void>;
  /** Removes network namespaces, including veths left in them. */
  removeNetns(names: string[]): Promise<void>;
}

export interface Disks {
  /**
   * Creates a sparse ext4 file. Uses a temporary name while `fill` works on the mounted tree;
   * appears complete or not at all.
   */
  create(file: string, size: number, fill: (tree: string) => Promise<void>): Promise<void>;
  /**
   * Copies a file at the cost of its data, not its size; grown to `size` if that is larger. Appears
   * complete or not at all.
   */
  copy(from: string, to: string, size?: number): Promise<void>;
  /** Copies any number of files concurrently, as by `copy`; one result each, in order. */
  copyAll(copies: { from: string; to: string }[]): Promise<(Error | undefined)[]>;
  /** Copies a file as by `copy`, and lets `fill` modify the copy before it appears. */
  derive(
    from: string,
    to: string,
    size: number,
    fill: (tree: string) => Promise<void>,
  ): Promise<void>;
  /** Hard-links a file to a second name beside it, replacing what had that name; takes no space. */
  linkAs(file: string, as: string): Promise<void>;
  /**
   * Rejects with a UserError unless the file is a complete, clean ext4 file system that is not
   * mounted.
   */
  check(file: string): Promise<void>;
  /** Rejects with a UserError unless the file is a complete ext4 file system. */
  checkComplete(file: string): Promise<void>;
  /** Removes the file, and the leftovers of unfinished attempts to create it. */
  remove(file: string): Promise<void>;
  /**
   * Loop-mounts with nodev,nosuid,errors=remount-ro. Rejects a file shorter than its file system.
   */
  ensureMounted(file: string, dir: string): Promise<void>;
  /** Mounts any number of files concurrently, as by `ensureMounted`; one result each, in order. */
  mountAll(mounts: { file: string; dir: string }[]): Promise<(Error | undefined)[]>;
  /** Flushes a mounted disk's pending writes to its file. */
  flush(dir: string): Promise<void>;
  /** Unmounts and detaches the loop device; a busy one lazily. Removes the mount point. */
  ensureUnmounted(dir: string): Promise<void>;
}

/**
 * Ways to fill a folder with a root file system. None writes outside `tree`, whatever links are in
 * it.
 */
export interface Rootfs {
  debian(source: DebianSource, tree: string): Promise<void>;
  /** Unpacks a root file system; compressed with gzip, bzip2, xz, zstd or uncompressed. */
  extract(archive: string, tree: string): Promise<void>;
  /**
   * Copies the host's binaries with the shared libraries they need, files and folders, to the same
   * paths.
   */
  host(source: { binaries: string[]; files: string[] }, tree: string): Promise<void>;
  /**
   * Copies a file to `to` in the tree, or a folder's content into the folder `to`, with owners,
   * modes, times, hard links, xattrs and holes; `mode` and `owner` replace the source's.
   */
  copy(
    from: string,
    tree: string,
    to: string,
    how?: { mode?: string; owner?: string },
  ): Promise<void>;
}

/** Images of other tools. Everything that is read is verified by its digest and size. */
export interface Images {
  /**
   * Describes such an image without unpacking it.
   *
   * @param size desired size of the image file in bytes, if the user set one; limits decompression
   * @param owner the stack that a build result is kept for; by default imperative commands
   * @throws UserError if there is no image, it is not one, or there are several and no reference
   */
  inspect(from: ForeignFrom, size?: number, owner?: string): Promise<ImageOrigin>;
  /**
   * Unpacks the layers into an empty tree, without device nodes.
   *
   * @throws UserError if the image no longer matches `origin`; Error if it is damaged, hostile or
   *   larger than the tree's file system. The caller removes a partially filled tree.
   */
  unpack(from: ForeignFrom, origin: ImageOrigin, tree: string): Promise<void>;
  /**
   * Writes an image for other tools: one layer and the configuration. Appears complete or not at
   * all; equal content gives equal bytes.
   *
   * @throws UserError if `to` already exists
   */
  export(what: Exported, to: string, format: ExportFormat): Promise<void>;
}

export interface Exported {
  /**
   * An image file that is not mounted, or the mounted disk of a container without running
   * processes.
   */
  source: { file: string } | { tree: string };
  config: ImageConfig;
  /** The original configuration: unknown fields, and the original form of known ones. */
  original?: OriginalConfig;
  /** Its name and tag in the export, `web:latest`. */
  reference: string;
  /** ISO 8601. */
  created: string;
}

/**
 * An archive for `docker load`, an OCI image layout in a tar file, the same as a folder, or only
 * the files.
 */
export type ExportFormat = 'docker' | 'oci' | 'oci-folder' | 'tar';

export interface Files {
  /** Creates a folder with its parents; mode 0700 by default. */
  ensureDir(path: string, mode?: number): Promise<void>;
  /** Atomic: temporary file, fsync, rename, fsync of the folder. */
  write(path: string, text: string, mode?: number): Promise<void>;
  /** Concatenates the texts of several files; otherwise as `write`. */
  join(from: string[], path: string, mode?: number): Promise<void>;
  /**
   * Overwrites the same inode, for files that are bind-mounted into running containers. False if
   * the file does not exist.
   */
  overwrite(path: string, text: string): Promise<boolean>;
  /** Moves a folder to an unused path on the same file system. */
  move(from: string, to: string): Promise<void>;
  /** Removes a file or a whole folder; never follows a link, never crosses a mount point. */
  remove(path: string): Promise<void>;
}

export interface Cgroups {
  /**
   * Writes what differs, in the order the kernel accepts, and reads back.
   *
   * @param disk mount point of the container's own disk, for `io`
   */
  ensureLimits(cgroup: string, limits: Limits, disk?: string): Promise<void>;
  /** Removes the group in every hierarchy, and our parent groups if they are empty. */
  remove(cgroup: string): Promise<void>;
}

export interface Started {
  pid: number;
  start_time: number;
  boot_id: string;
  monitor: { pid: number; start_time: number };
  started_at: string;
  runtime: string;
}

export interface Foreground {
  input: boolean;
  terminal: boolean;
  /** Called once it is running. */
  started: (started: StartedInForeground) => void;
  /** Abort requests a stop: grace period, then SIGKILL. */
  stop: AbortSignal;
}

/** The data of a container without a monitor. */
export type StartedInForeground = Omit<Started, 'monitor'>;

export interface FreezeOptions {
  /** The command that froze the container, for messages: `cp`. */
  purpose: string;
  /** Also mounts its disk for the work; nobody else may do so in the meantime. */
  disk?: boolean;
}

export interface Runtime {
  /**
   * Cleans up a previous life, writes the bundle, starts under conmon, reads back. The disk must be
   * mounted and the network namespace wired.
   */
  start(spec: ContainerSpec): Promise<Started>;
  /**
   * Checks whether containers could be started, as far as their disks tell: an image file or, if
   * absent, the container's own mounted disk. One result each, in order.
   */
  verifyAll(checks: { spec: ContainerSpec; image?: string }[]): Promise<(Error | undefined)[]>;
  /**
   * As `start`, but with our standard streams and without a monitor, until it ends; returns the
   * exit code.
   */
  run(spec: ContainerSpec, how: Foreground): Promise<number>;
  /**
   * Stop signal, grace period, SIGKILL, until the process is gone; then removes the runtime's state
   * and the cgroup. Sends signals only if pid, start time and boot id still match.
   */
  stop(id: string, facts: Partial<Started>, how: { signal: string; grace: number }): Promise<void>;
  /**
   * Signals the container's first process, found through the runtime's own state. False if it is
   * not running.
   */
  signal(id: string, signal: string): Promise<boolean>;
  /**
   * Freezes all its processes until they are thawed by the opposite call. False if it is not
   * running; rejects while another command has frozen it.
   */
  freeze(id: string, frozen: boolean): Promise<boolean>;
  /**
   * Runs `work` while no process of a container runs: a running container is frozen until the work
   * has ended, however it ends. A paused container stays paused.
   */
  withFrozen<T>(id: string, how: FreezeOptions, work: () => Promise<T>): Promise<T>;
  /**
   * Runs a command inside and returns its exit code and output; undefined if the container is not
   * running.
   */
  execute(
    id: string,
    args: string[],
    how?: {
      /** Milliseconds; then the command is killed, and the call rejects. */
      timeout?: number;
    },
  ): Promise<{ code: number; output: string } | undefined>;
  /**
   * Whether its monitor calls baleine when it ends by itself. The container must be running or
   * about to start.
   */
  healAtOnce(id: string, on: boolean): Promise<void>;
  /**
   * Makes the container's user the owner of owner-only files in its folder of configuration files.
   * At a start this happens automatically.
   */
  givePrivateFiles(id: string, folder: string): Promise<void>;
  /**
   * Runs one command in a one-off container on a mounted tree, without network. A failure rejects
   * with its output and its purpose, by default to run this command.
   */
  runOneOff(
    tree: string,
    args: string[],
    config: {
      environment: Record<string, string>;
      user?: string;
      working_dir?: string;
      mounts?: MountSpec[];
      purpose?: string;
    },
  ): Promise<void>;
  /** Undoes the leftovers of killed runs: frozen containers, one-off containers, scratch files. */
  clearAbandoned(): Promise<void>;
}

export interface Life {
  running: boolean;
  paused?: boolean;
  /** Set once it has ended, and its monitor has recorded how. */
  code?: number;
  /** Milliseconds since the start. */
  age: number;
}

export interface Health {
  /**
   * Runs all health checks concurrently; one result each, in order. Never rejects for one of them.
   */
  checkAll(targets: HealthTarget[]): Promise<HealthResult[]>;
  /** Records that these health checks were just run. */
  recordChecks(ids: string[]): Promise<void>;
  /**
   * The outcome of a container's last start since boot; undefined if there was none, or it was
   * stopped.
   */
  life(id: string): Life | undefined;
  /**
   * The exit code of a container that has ended; undefined if it is running or nothing is known.
   */
  exitCode(id: string): number | undefined;
}

/** One objection of HAProxy to a configuration. */
export interface Fault {
  /** In the configuration, from 1; absent for the whole. */
  line?: number;
  text: string;
}

/**
 * A running HAProxy, controlled through its command socket (Management Guide, 9.3). If it is not
 * running, there is nothing to change, and calls do nothing.
 */
export interface Proxies {
  /**
   * Checks a configuration with a HAProxy program of this host, against this host's files and
   * names. Empty if it accepts it; undefined if the program is missing or does not answer in time.
   *
   * @param program path or name
   */
  check(program: string, text: string): Promise<Fault[] | undefined>;
  runs(proxy: ProxySpec): Promise<boolean>;
  /**
   * Drains these servers: stops new requests, waits for running ones to end, then disconnects.
   *
   * @param limit milliseconds, after which it resolves anyway
   */
  drain(proxy: ProxySpec, servers: string[], limit: number): Promise<void>;
  /**
   * Lets a server receive requests again once the proxy finds it healthy.
   *
   * @param port where it listens now, overriding the proxy's configuration
   */
  admit(proxy: ProxySpec, server: string, port: number): Promise<void>;
  /**
   * Waits until the proxy finds these servers healthy, ignoring unknown ones.
   *
   * @param limit milliseconds, after which it rejects with the proxy's findings
   */
  awaitUp(proxy: ProxySpec, servers: string[], limit: number): Promise<void>;
  /**
   * Waits until a newly started proxy accepts commands, and thus connections.
   *
   * @param limit milliseconds, after which it rejects; earlier if the proxy has ended
   */
  awaitAnswer(proxy: Omit<ProxySpec, 'backend'>, limit: number): Promise<void>;
  /**
   * Makes it reload its configuration; rejects if it keeps running with the old one.
   *
   * @param handover milliseconds to wait for the old worker to end, with its requests and idle
   *   connections
   */
  reload(proxy: ProxySpec, signal: string, handover: number): Promise<void>;
}

export type { ConfigSpec };
