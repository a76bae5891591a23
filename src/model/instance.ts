import type { ContainerEntry, PublishEntry, UpdatePolicy } from './config.js';
import type { ContainerSpec } from './specs.js';

/** A server's place in its farm. */
export interface Serving {
  farm: string;
  /** The proxy's container. */
  proxy: string;
  backend: string;
  port: number;
  update: UpdatePolicy;
}

/** One container to be: an entry of the file, or one of its replicas, or a part of a farm. */
export interface Instance {
  /** `web-2`. */
  name: string;
  /** The entry it came from, `web`: a name all its replicas answer to. */
  service: string;
  entry: ContainerEntry;
  /** Where the entry stands in the file. */
  path: readonly (string | number)[];
  /** For a server of a farm. */
  serves?: Serving;
  /** For a farm's proxy. */
  proxy?: NonNullable<ContainerSpec['proxy']>;
  /** Of the ports it publishes those that it listens at itself. */
  sockets?: PublishEntry[];
  /** It is there only while others are replaced. */
  spare?: true;
}
