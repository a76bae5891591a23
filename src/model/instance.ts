import type { ContainerEntry, PublishEntry, UpdatePolicy } from './config.js';
import type { EgressSpec } from './egress.js';
import type { ContainerSpec } from './specs.js';

/** A server's role in its farm. */
export interface Serving {
  farm: string;
  /** The proxy's container. */
  proxy: string;
  /** HAProxy's command socket, as it sees it. */
  socket: string;
  backend: string;
  port: number;
  update: UpdatePolicy;
}

/** One desired container: an entry of the file, one of its replicas, or a part of a farm. */
export interface Instance {
  /** `web-2`. */
  name: string;
  /** The service it belongs to, `web`: a name that all replicas answer to. */
  service: string;
  entry: ContainerEntry;
  /** Path of the entry in the file. */
  path: readonly (string | number)[];
  /** For a server of a farm. */
  serves?: Serving;
  /** For a farm's proxy. */
  proxy?: NonNullable<ContainerSpec['proxy']>;
  /** See ContainerSpec. */
  master?: true;
  /** The published ports that it listens on itself. */
  sockets?: PublishEntry[];
  /** For the way out of a bridge. */
  egress?: EgressSpec;
  /** It is the resolver of its bridge. */
  resolver?: true;
  /** The container of a job's runs. */
  job?: true;
  /** Exists only during a rolling update. */
  spare?: true;
}

/** Whether a name is that of a replica, `web-2`, or of a container of a farm: `web-server-2`, `web-proxy`. */
export const isMember = (container: string, service: string) =>
  container.startsWith(`${service}-`) &&
  /^(\d+|(server|spare)-\d+|proxy)$/.test(container.slice(service.length + 1));
