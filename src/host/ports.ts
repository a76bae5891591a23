/**
 * What baleine needs of the host, as small ports. `linux/` has the real ones, test/support the
 * in-memory ones. Every `ensure…` looks first, acts on a difference, and reads back; removing
 * what is absent is success; any other failure rejects with "cannot <verb> <thing>: <cause>".
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
  trees: Trees;
  images: Images;
  files: Files;
  cgroups: Cgroups;
  runtime: Runtime;
  health: Health;
  proxies: Proxies;
}

export interface BridgeWanted {
  link: string;
  alias: string;
  /** The host's address with prefix length. */
  address?: string;
  uplink?: string;
  /** The uplink it had, which is to leave. */
  release?: string;
}

/** All the links of one container, wired before its process starts or added while it runs. */
export interface Wiring {
  netns: string;
  links: LinkSpec[];
  /** A namespace that is not there yet belongs to a new user namespace with these ids. */
  userns?: IdRange;
}

export interface Links {
  ensureBridge(wanted: BridgeWanted): Promise<void>;
  removeLink(name: string): Promise<void>;
  /**
   * Makes the network namespaces and veth pairs of any number of containers in a constant number
   * of processes. One result per wiring, in order; an Error for the ones that did not come out.
   */
  wire(wirings: Wiring[]): Promise<(Error | undefined)[]>;
  /** Removes host ends (their peers go with them). */
  unwire(names: string[]): Promise<void>;
  /** Removes network namespaces; a veth left in one goes with it. */
  removeNetns(names: string[]): Promise<void>;
}

export interface Disks {
  /** A sparse ext4 file. Written under a temporary name; `fill` works on the mounted tree; appears whole or not at all. */
  create(file: string, size: number, fill: (tree: string) => Promise<void>): Promise<void>;
  /** A copy that costs the data, not the size; grown to `size` when that is larger. Appears whole or not at all. */
  copy(from: string, to: string, size?: number): Promise<void>;
  /** Copies as by `copy`, of any number of files at once; one answer each, in order. */
  copyAll(copies: { from: string; to: string }[]): Promise<(Error | undefined)[]>;
  /** A copy as by `copy`, worked on by `fill` before it appears. */
  derive(
    from: string,
    to: string,
    size: number,
    fill: (tree: string) => Promise<void>,
  ): Promise<void>;
  /** Gives a file a second name beside its own, instead of what had that name; costs no space. */
  keep(file: string, as: string): Promise<void>;
  /** Rejects with a UserError unless it is a whole, clean ext4 file system that nobody has mounted. */
  check(file: string): Promise<void>;
  /** Rejects with a UserError unless it is an ext4 file system, and all of one. */
  checkWhole(file: string): Promise<void>;
  /** Removes the file, and what an unfinished attempt at it left beside it. */
  remove(file: string): Promise<void>;
  /** Loop-mounts nodev,nosuid,errors=remount-ro. Refuses a file shorter than its file system says. */
  ensureMounted(file: string, dir: string): Promise<void>;
  /** Mounts as by `ensureMounted`, of any number of files at once; one answer each, in order. */
  mountAll(mounts: { file: string; dir: string }[]): Promise<(Error | undefined)[]>;
  /** Writes out what the kernel holds back of a mounted disk; its file then has it all. */
  flush(dir: string): Promise<void>;
  /** Unmounts and detaches the loop device; a busy one lazily. Removes the mount point. */
  ensureUnmounted(dir: string): Promise<void>;
}

/** Ways to fill a folder with a root file system. None writes outside `tree`, whatever links are in it. */
export interface Trees {
  debian(source: DebianSource, tree: string): Promise<void>;
  /** Unpacks a root file system; compressed by gzip, bzip2, xz, zstd or not at all. */
  extract(archive: string, tree: string): Promise<void>;
  /** Binaries with the shared libraries they need, and files or folders, at the paths they have on the host. */
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

/** Images of other tools. Everything that is read is checked against its digest and size. */
export interface Images {
  /**
   * What such an image is, without unpacking it.
   *
   * @param size bytes its image file is to have, if the user says so; bounds what is unpacked to look
   * @param owner the stack that what is built waits for; default what is made by hand
   * @throws UserError when there is none, or it is none, or several and no reference
   */
  inspect(from: ForeignFrom, size?: number, owner?: string): Promise<ImageOrigin>;
  /**
   * Unpacks the layers into an empty tree, device nodes left out.
   *
   * @throws UserError when the image is not `origin` any more; Error when it is damaged, hostile or
   *   larger than the tree's file system. What was begun in the tree is the caller's to remove.
   */
  unpack(from: ForeignFrom, origin: ImageOrigin, tree: string): Promise<void>;
  /**
   * Writes an image for other tools: one layer, and the config. Appears whole or not at all; the
   * same content gives the same bytes.
   *
   * @throws UserError when `to` is there already
   */
  export(what: Exported, to: string, format: ExportFormat): Promise<void>;
}

export interface Exported {
  /** An image file that nobody has mounted, or the mounted disk of a container that holds still. */
  source: { file: string } | { tree: string };
  config: ImageConfig;
  /** What else its config says, and what it said of what baleine knows. */
  original?: OriginalConfig;
  /** Name and tag it bears there, `web:latest`. */
  reference: string;
  /** ISO 8601. */
  created: string;
}

/** What `docker load` reads, an OCI image layout in a tar file, the same as a folder, the files alone. */
export type ExportFormat = 'docker' | 'oci' | 'oci-folder' | 'tar';

export interface Files {
  /** A folder of mode 0700 unless told otherwise, with its parents. */
  ensureDir(path: string, mode?: number): Promise<void>;
  /** Atomic: temporary file, fsync, rename, fsync of the folder. */
  write(path: string, text: string, mode?: number): Promise<void>;
  /** The texts of several files, one after the other; as by `write`. */
  join(from: string[], path: string, mode?: number): Promise<void>;
  /** Into the same inode, for files that are bound into running containers. False when it is not there. */
  overwrite(path: string, text: string): Promise<boolean>;
  /** A folder to a place where there is none, on the same file system. */
  move(from: string, to: string): Promise<void>;
  /** A file or a whole folder; never follows a link, never crosses a mount point. */
  remove(path: string): Promise<void>;
}

export interface Cgroups {
  /**
   * Writes what differs, in the order the kernel accepts, and reads back.
   * @param disk where the container's own disk is mounted, for `io`
   */
  ensureLimits(cgroup: string, limits: Limits, disk?: string): Promise<void>;
  /** Removes the group, and our parents above it when they are empty, in every hierarchy. */
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
  /** Called once it runs. */
  started: (started: StartedInForeground) => void;
  /** Once aborted it gets its grace period, then SIGKILL. */
  stop: AbortSignal;
}

/** What is known of one that no monitor watches. */
export type StartedInForeground = Omit<Started, 'monitor'>;

export interface HoldOptions {
  /** The command, for who finds the container frozen: `cp`. */
  purpose: string;
  /** Mounts its disk for the work, which then nobody else may do. */
  disk?: boolean;
}

export interface Runtime {
  /** Clears what an earlier life left, writes the bundle, starts under conmon, reads back. The disk is mounted and the namespace wired. */
  start(spec: ContainerSpec): Promise<Started>;
  /**
   * Whether each could be started, as far as its disk tells: an image file, or absent, the container's
   * own disk where it is mounted. One answer each, in order.
   */
  verifyAll(checks: { spec: ContainerSpec; image?: string }[]): Promise<(Error | undefined)[]>;
  /** As `start`, with our standard streams and without a monitor, to its end; answers the exit code. */
  run(spec: ContainerSpec, how: Foreground): Promise<number>;
  /** Stop signal, grace period, SIGKILL, until the process is gone; then the runtime's own state and cgroup. Signals only if pid, start time and boot id still agree. */
  stop(id: string, facts: Partial<Started>, how: { signal: string; grace: number }): Promise<void>;
  /** To the container's first process, found through the runtime's own state. False when it does not run. */
  signal(id: string, signal: string): Promise<boolean>;
  /**
   * Freezes all its processes, or lets them go on, until asked for the opposite. False when it does
   * not run; rejects while another command holds it.
   */
  freeze(id: string, frozen: boolean): Promise<boolean>;
  /**
   * Works while nothing runs in a container: one that runs is frozen until the work has ended,
   * however it ends. One that was paused stays so.
   */
  hold<T>(id: string, how: HoldOptions, work: () => Promise<T>): Promise<T>;
  /** Runs a command inside and returns its exit code and output; undefined when the container does not run. */
  execute(
    id: string,
    args: string[],
    how?: {
      /** Milliseconds; then it is killed, and the call rejects. */
      timeout?: number;
    },
  ): Promise<{ code: number; output: string } | undefined>;
  /** Whether its monitor calls baleine when it ends by itself; of one that runs or is about to. */
  healAtOnce(id: string, on: boolean): Promise<void>;
  /**
   * Makes the container's user the owner of what only its owner may read in a folder of files for it.
   * It gets them at its start anyway.
   */
  givePrivateFiles(id: string, folder: string): Promise<void>;
  /**
   * One command in a throw-away container on a mounted tree, no network. Rejects with its output
   * when it fails, and with what it was for, by default to run this command.
   */
  runOnce(
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
  /** Undoes what killed runs have left: frozen containers, throw-away ones, scratch files. */
  clearAbandoned(): Promise<void>;
}

export interface Life {
  running: boolean;
  paused?: boolean;
  /** Once it has ended, and its monitor has seen how. */
  code?: number;
  /** Milliseconds since the start. */
  age: number;
}

export interface Health {
  /** Asks all of them side by side; one answer each, in order. Never rejects for one of them. */
  ask(targets: HealthTarget[]): Promise<HealthResult[]>;
  /** Notes that they were asked just now. */
  note(ids: string[]): Promise<void>;
  /** What became of the last start of a container in this boot; undefined when there was none, or it was stopped. */
  life(id: string): Life | undefined;
  /** The exit code of a container that has ended; undefined when it runs or nothing is known. */
  exitCode(id: string): number | undefined;
}

/**
 * A HAProxy that runs, by its command socket (Management Guide, 9.3). When it does not run there is
 * nothing to be told to it: each call then does nothing.
 */
export interface Proxies {
  runs(proxy: ProxySpec): Promise<boolean>;
  /**
   * Keeps new requests from these servers, waits until those under way have ended, and has no more
   * to do with them.
   *
   * @param limit milliseconds, after which it answers all the same
   */
  drain(proxy: ProxySpec, servers: string[], limit: number): Promise<void>;
  /**
   * Lets a server have requests again when it is well, which is the proxy's to find out.
   *
   * @param port where it listens now, whatever the proxy's configuration says
   */
  admit(proxy: ProxySpec, server: string, port: number): Promise<void>;
  /**
   * Waits until it has found those well that it knows.
   *
   * @param limit milliseconds, after which it rejects with what the proxy finds
   */
  awaitUp(proxy: ProxySpec, servers: string[], limit: number): Promise<void>;
  /**
   * Waits until one that was just started takes commands, and so connections.
   *
   * @param limit milliseconds, after which it rejects, or earlier when it has ended
   */
  awaitAnswer(proxy: Omit<ProxySpec, 'backend'>, limit: number): Promise<void>;
  /**
   * Has it read its configuration anew; rejects when it goes on with the old one.
   *
   * @param handover milliseconds to wait for the end of the worker that had the old one: of what its
   *   clients have begun, and of connections that they have kept
   */
  reload(proxy: ProxySpec, signal: string, handover: number): Promise<void>;
}

export type { ConfigSpec };
