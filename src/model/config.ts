import type { KeyEntries } from '../kinds/container/keys/types.js';
import type { External, ImageEntry } from './config-images.js';
import type { ImageHealth } from './container-values.js';

export type * from './config-images.js';
export type * from './container-values.js';

/**
 * baleine.yaml after reading: variables replaced, short forms spelled out, sizes in bytes,
 * durations in milliseconds, paths absolute, every cross-reference checked. Keys stay the file's.
 */
export interface Config {
  /** The stack. */
  name: string;
  /** Shown in messages; `-` for standard input. */
  file: string;
  /** Of the text as read, to recognise a plan made from another version. */
  digest: string;
  images: Record<string, ImageEntry>;
  bridges: Record<string, BridgeEntry>;
  volumes: Record<string, VolumeEntry>;
  containers: Record<string, ContainerEntry>;
  farms: Record<string, FarmEntry>;
  /** Where an entry stands, `baleine.yaml:12:5`, for complaints found later. */
  where: (path: readonly (string | number)[]) => string;
}

export type BridgeEntry = External | BridgeSource;

export interface BridgeSource {
  external?: false;
  /** `10.77.1.0/24`; without one its containers have no address there. */
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

/** An entry of `containers`, or what a farm has of one: its keys after reading, and what has no key. */
export type ContainerEntry = KeyEntries & {
  /** Where it has no test of its own: what it has to say of the image's. */
  image_health?: ImageHealth;
  /** It has the host's network instead of one of its own; a file has no word for it. */
  host_network?: true;
};

/** How the servers of a farm give way to new ones. Times in milliseconds. */
export interface UpdatePolicy {
  /** Whether what takes over is there before what it takes over from goes. */
  order: 'start-first' | 'stop-first';
  /** Servers at a time, 1 and up. */
  parallelism: number;
  /** What requests under way are given to end before a server goes. */
  drain: number;
  /** For how long a new server is watched before it is the next one's turn. */
  monitor: number;
  /** When a new server does not become or stay well. */
  failure_action: 'pause' | 'continue' | 'rollback';
}

/** The options of a farm's proxy on top of those of a container. */
export interface ProxyOptions {
  engine: 'haproxy';
  listen: number;
  mode: 'http' | 'tcp';
  balance: 'roundrobin' | 'leastconn' | 'source';
  /** By what a client is known again and kept with its server. */
  sticky?: 'cookie' | 'source';
  tls?: {
    listen: number;
    /** Requests without TLS are sent there. */
    redirect: boolean;
    /** Absolute paths of PEM files: certificate and key, one after the other. */
    files: string[];
  };
  /** Port of HAProxy's own statistics page. */
  stats?: number;
  access_log?: true;
  /** Lines to add, by section. */
  snippets?: { [section in 'global' | 'defaults' | 'frontend' | 'backend']?: string };
}

export interface FarmEntry {
  update: UpdatePolicy;
  servers: ContainerEntry & { port: number };
  proxy: ContainerEntry & ProxyOptions;
}

/** What a file says of containers, with its place in it: those of farms are among them. */
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
