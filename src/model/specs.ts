/**
 * The specs of all kinds, as recorded and compared: plain JSON with the keys of the file and every
 * reference resolved, so that a handler needs only its own arguments.
 */

import type { BRIDGE_KEYS } from '../kinds/bridge/keys.js';
import type { KeySpec } from '../kinds/container/keys/types.js';
import type { PinnedRelease, Release } from '../kinds/container/release.js';
import type { JOB_KEYS } from '../kinds/job/keys.js';
import type { RecordedOf } from '../kinds/key.js';
import type { VOLUME_KEYS } from '../kinds/volume/keys.js';
import type { BackupFacts } from './backup.js';
import type { CopyEntry, ImageConfig, ImageFrom, OriginalConfig } from './config.js';
import type { DependencySpec } from './container-values.js';
import type { Lease } from './dhcp.js';
import type { DueFacts } from './due.js';
import type { EgressSpec } from './egress.js';
import type { Exit } from './exit.js';
import type { HealthRecord } from './health.js';
import type { InheritedSocket } from './publish.js';
import type { DataFacts } from './resource.js';

export interface ImageSpec {
  id: string;
  size: number;
  from: ImageFrom;
  /** For `from: {image}` the file and version of the base; for `{container}` its disk and the time. */
  base?: { file: string; version: string };
  copy: CopyEntry[];
  run: string[];
  /** Digest of the local files copied into it by `from` and `copy`. */
  sources?: string;
  /** For an image built by another tool. */
  origin?: ImageOrigin;
  /** The config of the origin or the base, overridden by the file's keys. */
  config: ImageConfig;
  /** The original config of its base, if another tool built that; its own is in `origin`. */
  original?: OriginalConfig;
  /** Version of the image file kept beside it, which containers ran before the last build. */
  previous?: string;
}

/** A foreign image as inspected before the plan was made. */
export interface ImageOrigin {
  /** Digest of its layers' contents: if it changes, containers need a new copy. */
  layers: string;
  /** Docker's image ID, `sha256:…`: the digest of its config. */
  image: string;
  /** The manifest that a registry's name is locked to, `sha256:…`. */
  manifest?: string;
  /** Digest of the local files that contain it. */
  fingerprint?: string;
  /** Expected bytes of data; an estimate if they are compressed. */
  bytes: number;
  config: ImageConfig;
  /** Absent from rows of earlier releases. */
  original?: OriginalConfig;
  /** Only in a plan to look at: apply builds it, and the rest is known then. */
  unbuilt?: true;
}

/** In place of the command of an image that is not built yet. */
export const KNOWN_AFTER_BUILD = '(known after build)';

/** Whether an image, or one that it is built on, is not built yet: what it brings is not known. */
export const isUnbuilt = ({ command }: ImageConfig): boolean => command?.[0] === KNOWN_AFTER_BUILD;

/** Its interface, and what its keys declare; for `gateway: auto` what the DHCP server said. */
export type BridgeSpec = { link: string; alias: string; lease?: Lease } & RecordedOf<
  typeof BRIDGE_KEYS
>;

export type VolumeSpec = { path: string } & RecordedOf<typeof VOLUME_KEYS>;

export interface VolumeFacts extends DataFacts, DueFacts {
  backup?: BackupFacts;
}

/** A generated text file, bound read-only into containers as a folder so that it can be replaced. */
export interface ConfigSpec {
  dir: string;
  /** Name of the file in `dir`. */
  file: string;
  text: string;
  /** The container that reads it: checks a new text before it takes effect, and is then signaled. */
  reader?: {
    id: string;
    /** Absent if no text of ours can be wrong. */
    check?: string[];
    signal: string;
    /** It replaces its worker when it reloads the file; otherwise it has failed to. */
    master?: true;
  };
  /** The farm whose proxy it is for. */
  farm?: { name: string; scaled?: Scaled };
  /** Files placed beside it, made from files of the host. */
  files?: PlacedFile[];
  /** For a proxy's configuration: its servers; those that are removed are drained first. */
  rotation?: {
    proxy: ProxySpec;
    servers: string[];
    drain: number;
    /** Milliseconds for the old worker to end: it does not know the servers' new addresses. */
    handover?: number;
  };
}

/** Where a proxy accepts commands. */
export interface ProxySpec {
  /** Id of its container. */
  id: string;
  /** Path of HAProxy's command socket in its container. */
  socket: string;
  backend: string;
}

/** A server's part in the rotation of its proxy. Times in milliseconds. */
export interface RotationSpec {
  proxy: ProxySpec;
  /** Its name in the proxy's configuration. */
  server: string;
  port: number;
  /** Time for requests in flight to finish before it stops. */
  drain: number;
  /** Time that it must stay healthy once it receives requests. */
  monitor: number;
}

/** A farm's number of servers as set by `baleine scale`. */
export interface Scaled {
  /** The number in the file at that time: `scale` ends when it changes. */
  file: number;
  servers: number;
}

/** A file whose content is not recorded, because it may be a private key. */
export interface PlacedFile {
  /** Contains a digest of the content, so that a change gives another file. */
  name: string;
  /** Paths on the host, concatenated in this order. */
  from: string[];
}

/** The names of all containers on some bridges. */
export interface HostsSpec {
  /** Copied by each container that starts. */
  file: string;
  text: string;
  /** The files bound over /etc/hosts of the containers on these bridges, once they have run. */
  copies: string[];
}

/** A dependency as checked right before a start. */
export interface AwaitedSpec extends Omit<DependencySpec, 'restart'> {
  /** Its recorded exit code. */
  exit?: number;
}

/** A process, identified across reused pids and reboots. */
export interface ProcessIdentity {
  pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks since boot. */
  start_time: number;
  boot_id: string;
}

/** Its recorded keys, and what has no key in the file. */
export interface ContainerSpec extends KeySpec {
  id: string;
  /** Listening sockets on the host that it inherits as descriptors from 3 on. */
  sockets?: InheritedSocket[];
  /** Uses the host's network. */
  host_network?: true;
  /**
   * For the way out of a bridge: its network namespace routes to a program that has the host's
   * network.
   */
  egress?: EgressSpec;
  /** It is the resolver of its bridge. */
  resolver?: true;
  /** For a proxy that baleine configures: its command socket, and the command that checks a text with snippets. */
  proxy?: Pick<ProxySpec, 'socket'> & { check?: string[] };
  /** Its first process starts a worker once it listens, and another one when it reloads: nginx. */
  master?: true;
  /** For a server of a farm. */
  rotation?: RotationSpec;
  /** Stopped by `stop`, until `start`: only its disk is kept. */
  stopped?: true;
  /** The `baleine run` that it belongs to and ends with: no plan starts or stops it. */
  one_off?: ProcessIdentity;
  /** The run of a job that it is: no plan starts or stops it, and it is removed once it has ended. */
  run?: JobRun;
  /** Copied to its /etc/hosts at each start; shared by all containers on the same bridges. */
  hosts_file: string;
  /** The release before its last change; absent if there was none, and while a release is pinned. */
  previous?: Release;
  /** The pinned release after a rollback; the pin ends when the entry in the file changes. */
  held?: PinnedRelease;
}

export interface ContainerFacts {
  /** Host pid of the container's first process. */
  pid?: number;
  /** Field 22 of /proc/PID/stat: clock ticks since boot. */
  start_time?: number;
  boot_id?: string;
  /** The runtime's parent: conmon. */
  monitor?: { pid: number; start_time: number };
  /** ISO 8601. */
  started_at?: string;
  /** Name of the runtime that started it. */
  runtime?: string;
  /** The sockets that it was started with. */
  sockets?: InheritedSocket[];
  /** Set once process `pid` has ended; without a code if that is unknown. */
  ended?: { code?: number };
  /** Consecutive restarts; reset once it has run well for long enough. */
  restarts?: number;
  /** How it exited before its last restart. */
  last_exit?: Exit;
  /** Present while its last health check failed. */
  health?: HealthRecord;
  /** Why it was stopped and is not restarted: `unhealthy: …`. */
  halted?: string;
}

/** A run of a job. */
export interface JobRun {
  /** Counts from 1; unique for the job. */
  number: number;
  /** How many times it has been tried, from 1; absent if somebody asked for it. */
  attempt?: number;
  /** Milliseconds after which it is ended. */
  timeout?: number;
}

/** Its recorded keys, and the container of its runs, which has its name. */
export type JobSpec = { container: ContainerSpec } & RecordedOf<typeof JOB_KEYS>;

export interface JobFacts extends DueFacts {
  /** Number of the last run that was begun. */
  runs?: number;
  /** The last runs that have ended, newest first, as many as logs are kept. */
  history?: EndedRun[];
  /** Runs of the present time that have failed. */
  attempts?: number;
  /** ISO 8601; a time that was skipped since the last run began, because that one still ran. */
  skipped?: string;
}

export interface EndedRun extends JobRun {
  /** ISO 8601. */
  started_at: string;
  /** ISO 8601; absent if the host has forgotten it, as at a reboot. */
  ended_at?: string;
  /** Of its first process; absent if that is unknown. */
  code?: number;
  /** How it ended, for people; absent after a success. */
  failure?: string;
}

export interface ImageFacts {
  created_at?: string;
  /** Bytes that the file occupies on disk. */
  used?: number;
  /** Version of the previous image file kept beside it. */
  kept?: string;
}

export type {
  DependencySpec,
  LinkSpec,
  MemoryFileSpec,
  MemoryFileState,
  MountSpec,
} from './container-values.js';
export type { ImageConfig, PinnedRelease, Release };
