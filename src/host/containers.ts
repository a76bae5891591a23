import type { Limits } from '../model/config.js';
import type { UserError } from '../model/errors.js';
import type { HealthResult, HealthTarget } from '../model/health.js';
import type { ContainerSpec, MountSpec } from '../model/specs.js';
import type { Work } from '../model/step.js';

export interface Runtime {
  /**
   * Cleans up a previous life, writes the bundle, starts under conmon, reads back. The disk must be
   * mounted and the network namespace wired.
   */
  start(spec: ContainerSpec): Promise<Started>;
  /** As `start`, but with the processes that `dump` has saved in this folder. */
  restore(spec: ContainerSpec, images: string): Promise<Started>;
  /**
   * Saves the processes of a frozen container in a new folder: memory, descriptors, sockets. They
   * stay as they are.
   */
  dump(id: string, images: string): Promise<void>;
  /**
   * Why the processes of a container with this runtime cannot be saved or restored here; undefined if
   * nothing is known to be in the way. Changes nothing.
   */
  checkpointProblem(runtime: string): Promise<UserError | undefined>;
  /**
   * Checks whether containers could be started, as far as their disks tell: an image file or, if
   * absent, the container's own mounted disk; with `program` also whether there is the program that it
   * starts. One result each, in order.
   */
  verifyAll(
    checks: { spec: ContainerSpec; image?: string; program?: true }[],
  ): Promise<(Error | undefined)[]>;
  /**
   * As `start`, but with our standard streams and without a monitor, until it ends; returns the
   * exit code.
   */
  run(spec: ContainerSpec, how: Foreground): Promise<number>;
  /**
   * Stop signal, grace period, SIGKILL, until the process is gone; then removes the runtime's state
   * and the cgroup. Sends signals only if pid, start time and boot id still match.
   */
  stop(id: string, facts: Partial<Started>, how: StopOptions): Promise<void>;
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
      /** By default the container's own. */
      user?: string;
      working_dir?: string;
      /** Added to the container's. */
      environment?: Record<string, string>;
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

export interface StopOptions {
  /** With or without SIG. */
  signal: string;
  /** Milliseconds. */
  grace: number;
  /** For the parts that do more than wait; at once by default. */
  work?: Work | undefined;
}

export interface Started {
  pid: number;
  start_time: number;
  boot_id: string;
  monitor: { pid: number; start_time: number };
  started_at: string;
  runtime: string;
}

/** The data of a container without a monitor. */
export type StartedInForeground = Omit<Started, 'monitor'>;

export interface Foreground {
  input: boolean;
  terminal: boolean;
  /** Called once it is running. */
  started: (started: StartedInForeground) => void;
  /** Abort requests a stop: grace period, then SIGKILL. */
  stop: AbortSignal;
}

export interface FreezeOptions {
  /** The command that froze the container, for messages: `cp`. */
  purpose: string;
  /** Also mounts its disk for the work; nobody else may do so in the meantime. */
  disk?: boolean;
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

export interface Life {
  running: boolean;
  paused?: boolean;
  /** Set once it has ended, and its monitor has recorded how. */
  code?: number;
  /** Milliseconds since the start. */
  age: number;
}
