import type { KeyEntries } from '../kinds/container/keys/types.js';
import type { External, ImageEntry } from './config-images.js';
import type { ImageHealth } from './container-values.js';

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
  /** The position of an entry, `baleine.yaml:12:5`, for errors found later. */
  where: (path: readonly (string | number)[]) => string;
}

export type BridgeEntry = External | BridgeSource;

export interface BridgeSource {
  external?: false;
  /** `10.77.1.0/24`; without one, containers have no address on this bridge. */
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

/** An entry of `containers`, or the servers or the proxy of a farm. */
export type ContainerEntry = KeyEntries & {
  /** Changes to the image's health check, if the entry has no test of its own. */
  image_health?: ImageHealth;
  /** Uses the host's network; cannot be declared in a file. */
  host_network?: true;
};

/** How the servers of a farm are replaced. Times in milliseconds. */
export interface UpdatePolicy {
  /** Whether the new server starts before the old one stops, or after. */
  order: 'start-first' | 'stop-first';
  /** Number of servers replaced at a time, 1 and up. */
  parallelism: number;
  /** Time for requests in flight to finish before a server stops. */
  drain: number;
  /** Time that a new server must stay healthy before the next one is replaced. */
  monitor: number;
  /** What to do if a new server does not become healthy, or does not stay so. */
  failure_action: 'pause' | 'continue' | 'rollback';
}

/** The options of a farm's proxy in addition to those of a container. */
export interface ProxyOptions {
  engine: 'haproxy';
  listen: number;
  mode: 'http' | 'tcp';
  balance: 'roundrobin' | 'leastconn' | 'source';
  /** Session affinity: how a returning client is recognized. */
  sticky?: 'cookie' | 'source';
  tls?: {
    listen: number;
    /** Redirect plain HTTP requests to https. */
    redirect: boolean;
    /** Absolute paths of PEM files, concatenated: certificate and key. */
    files: string[];
  };
  /** Port of HAProxy's own statistics page. */
  stats?: number;
  access_log?: true;
  /** Lines appended to sections of HAProxy's configuration. */
  snippets?: { [section in 'global' | 'defaults' | 'frontend' | 'backend']?: string };
}

export interface FarmEntry {
  update: UpdatePolicy;
  servers: ContainerEntry & { port: number };
  proxy: ContainerEntry & ProxyOptions;
}

/** All entries that describe containers, with their paths in the file; includes those of farms. */
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
