/**
 * What is recorded of each resource, and compared: plain JSON in the words of the file, with every
 * reference resolved, so that a handler needs nothing but its own arguments.
 */

import type { KeySpec } from '../kinds/container/keys/types.js';
import type { PinnedRelease, Release } from '../kinds/container/release.js';
import type { Condition, CopyEntry, ImageConfig, ImageFrom, OriginalConfig } from './config.js';
import type { DependencySpec } from './container-values.js';
import type { Exit } from './exit.js';
import type { HealthRecord } from './health.js';
import type { HostPort } from './publish.js';

export interface ImageSpec {
  id: string;
  size: number;
  from: ImageFrom;
  /** For `from: {image}` the base's file and version, for `{container}` its disk and when. */
  base?: { file: string; version: string };
  copy: CopyEntry[];
  run: string[];
  /** Of the content of every local file that goes in as it is, by `from` and `copy`. */
  sources?: string;
  /** For an image that another tool made. */
  origin?: ImageOrigin;
  /** The origin's or the base's, and the file's over it. */
  config: ImageConfig;
  /** Of what it is derived from, when another tool made that; its own is in `origin`. */
  original?: OriginalConfig;
  /** Version of what is kept beside it, as containers ran it before the last build. */
  previous?: string;
}

/** What was found out about a foreign image before the plan was made. */
export interface ImageOrigin {
  /** Of the list of its layers' contents: tells whether containers need a new copy. */
  layers: string;
  /** Docker's image ID, `sha256:…`: the digest of its config. */
  image: string;
  /** What a registry's name stood for, and is locked to: the manifest's digest, `sha256:…`. */
  manifest?: string;
  /** Of the local files it is in. */
  fingerprint?: string;
  /** Bytes of data to expect; an estimate when they are compressed. */
  bytes: number;
  config: ImageConfig;
  /** Absent from what earlier releases recorded. */
  original?: OriginalConfig;
}

export interface BridgeSpec {
  link: string;
  alias: string;
  subnet?: string;
  host?: string;
  isolated: boolean;
  uplink?: string;
}

export interface VolumeSpec {
  path: string;
}

/** A generated text file, bound read-only into containers as a folder so that it can be replaced. */
export interface ConfigSpec {
  dir: string;
  /** Name of the file in `dir`. */
  file: string;
  text: string;
  /** The container that reads it: asked to check a new text before it counts, then signalled. */
  reader?: { id: string; check: string[]; signal: string };
  /** The farm whose proxy it is for. */
  farm?: { name: string; scaled?: Scaled };
  /** What stands beside it, made of files of the host. */
  files?: PlacedFile[];
  /** The servers that it names, when it is a proxy's; those that leave are drained first. */
  rotation?: {
    proxy: ProxySpec;
    servers: string[];
    drain: number;
    /** Milliseconds that its worker before gets to end: where the servers soon are it does not know. */
    handover?: number;
  };
}

/** Where a proxy takes commands. */
export interface ProxySpec {
  /** Of its container. */
  id: string;
  /** HAProxy's command socket, as it sees it. */
  socket: string;
  backend: string;
}

/** A server's place among those that a proxy hands requests to. Times in milliseconds. */
export interface RotationSpec {
  proxy: ProxySpec;
  /** How the proxy calls it. */
  server: string;
  port: number;
  /** What requests under way are given to end before it stops. */
  drain: number;
  /** For how long it is watched once it takes part. */
  monitor: number;
}

/** A farm's number of servers by `baleine scale`. */
export interface Scaled {
  /** What the file said when it was asked for. */
  file: number;
  servers: number;
}

/** Its content is not recorded: it may be a key. */
export interface PlacedFile {
  /** Made of a digest of the content, so that another content is another file. */
  name: string;
  /** Joined in this order. */
  from: string[];
}

/** The names of all containers on some bridges. */
export interface HostsSpec {
  /** Containers that start copy this. */
  file: string;
  text: string;
  /** The files bound over /etc/hosts of the containers that see these names, once they have run. */
  copies: string[];
}

/** The same as it is asked for right before a start. */
export interface AwaitedSpec extends Omit<DependencySpec, 'condition'> {
  condition: Condition;
  /** Its recorded exit code. */
  exit?: number;
}

/** A process that no other can be taken for: pids are used again, and start times after a boot. */
export interface ProcessIdentity {
  pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks since boot. */
  start_time: number;
  boot_id: string;
}

/** Its keys as recorded, and what no key of the file says. */
export interface ContainerSpec extends KeySpec {
  id: string;
  /** It is started with sockets that listen there, on the host, as its descriptors from 3 on. */
  sockets?: HostPort[];
  /** The host's network is its own. */
  host_network?: true;
  /** For a proxy that baleine configures: where it takes commands, and what checks its text first if that has snippets. */
  proxy?: Pick<ProxySpec, 'socket'> & { check?: string[] };
  /** For a server of a farm. */
  rotation?: RotationSpec;
  /** It keeps its disk and no more: `stop` ended it, until `start`. */
  stopped?: true;
  /** Of a `baleine run`, and lasts as long as that process: neither started nor stopped by a plan. */
  one_off?: ProcessIdentity;
  /** What its /etc/hosts is copied from at each start; all containers on the same bridges share it. */
  hosts_file: string;
  /** What it was before its last change; absent where there was none, and while it is held back. */
  previous?: Release;
  /** It was rolled back, and stays so until the file asks for something else than it did then. */
  held?: PinnedRelease;
}

export interface ContainerFacts {
  /** The container's first process, as the host numbers it. */
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
  /** Those it was started with. */
  sockets?: HostPort[];
  /** Process `pid` was seen to have ended; the exit code unless nobody knows it. */
  ended?: { code?: number };
  /** In a row, none of which went well for long. */
  restarts?: number;
  /** How it ended before it was last started again. */
  last_exit?: Exit;
  /** While its last answer was bad. */
  health?: HealthRecord;
  /** Why it was stopped and is not to be started again: `unhealthy: …`. */
  halted?: string;
}

export interface ImageFacts {
  created_at?: string;
  /** Bytes of data, as the file occupies on disk. */
  used?: number;
  /** Version of the file that was put beside it. */
  kept?: string;
}

export type { DependencySpec, LinkSpec, MountSpec } from './container-values.js';
export type { ImageConfig, PinnedRelease, Release };
