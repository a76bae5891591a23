import type { PROXY_KEYS, SERVER_KEYS, UPDATE_KEYS } from '../farm/keys.js';
import type { BRIDGE_KEYS } from '../kinds/bridge/keys.js';
import type { KeyEntries } from '../kinds/container/keys/types.js';
import type { JOB_KEYS } from '../kinds/job/keys.js';
import type { EntriesOf } from '../kinds/key.js';
import type { VOLUME_KEYS } from '../kinds/volume/keys.js';
import type { External, ImageEntry } from './config-images.js';
import type { FileOrigin, ImageHealth } from './container-values.js';
import type { Lease } from './dhcp.js';
import type { SwarmOptions } from './swarm-options.js';

export type * from './config-images.js';
export type * from './container-values.js';

/**
 * A parsed and checked baleine.yaml: variables and short forms expanded, sizes in bytes, durations in
 * milliseconds, paths absolute. It has the keys of the file.
 */
export interface Config {
  /** The stack. */
  name: string;
  /** Shown in messages; `-` for standard input. */
  file: string;
  /** Digest of the file's text: a saved plan is stale if it has changed. */
  digest: string;
  images: Record<string, ImageEntry>;
  bridges: Record<string, BridgeEntry>;
  volumes: Record<string, VolumeEntry>;
  containers: Record<string, ContainerEntry>;
  farms: Record<string, FarmEntry>;
  /** Absent for none. */
  jobs?: Record<string, JobEntry>;
  secrets?: Record<string, FileOrigin>;
  configs?: Record<string, FileOrigin>;
  /** Absent: this host runs it. */
  engine?: 'swarm';
  swarm?: SwarmOptions;
  /** Services that the active profiles leave out. */
  inactive?: string[];
  /** What a user should know of the file, each with its position; shown with a plan. */
  warnings?: string[];
  /** The position of an entry, `baleine.yaml:12:5`, for errors found later. */
  where: (path: readonly (string | number)[]) => string;
}

export type BridgeEntry = External | BridgeSource;

/** Its keys after reading. */
export type BridgeSource = { external?: false } & EntriesOf<typeof BRIDGE_KEYS> & {
    /** What `gateway: auto` stands for. */
    lease?: Lease;
  };

export type VolumeEntry = External | VolumeSource;

/** Its keys after reading. */
export type VolumeSource = { external?: false } & EntriesOf<typeof VOLUME_KEYS>;

/** An entry of `containers`, or the servers or the proxy of a farm. */
export type ContainerEntry = KeyEntries & {
  /** Changes to the image's health check, if the entry has no test of its own. */
  image_health?: ImageHealth;
  /** Uses the host's network; cannot be declared in a file. */
  host_network?: true;
};

/** How the servers of a farm are replaced. Times in milliseconds. */
export type UpdatePolicy = EntriesOf<typeof UPDATE_KEYS>;

/** The options of a farm's proxy in addition to those of a container. */
export type ProxyOptions = EntriesOf<typeof PROXY_KEYS>;

export interface FarmEntry {
  update: UpdatePolicy;
  servers: ContainerEntry & EntriesOf<typeof SERVER_KEYS>;
  proxy: ContainerEntry & ProxyOptions;
}

/** A job: the container of its runs, and when they are due. */
export type JobEntry = ContainerEntry & EntriesOf<typeof JOB_KEYS>;

/** All entries that describe containers, with their paths in the file; includes those of farms and jobs. */
export function entriesOf({
  containers,
  farms,
  jobs = {},
}: Pick<Config, 'containers' | 'farms' | 'jobs'>): {
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
  const runs = Object.entries(jobs).map(([name, entry]) => ({ path: ['jobs', name], entry }));
  return [...plain, ...parts, ...runs];
}
