import type { PublishEntry, UpdatePolicy } from './config.js';
import type {
  FileOrigin,
  FileReference,
  FileSection,
  HealthCheck,
  Limits,
} from './container-values.js';
import type { Json } from './json.js';
import type { ImageFacts, ImageSpec, Scaled } from './specs.js';

/** The labels of everything that baleine makes in a cluster: its stack, and its address there. */
export const STACK = 'baleine.stack';
export const ADDRESS = 'baleine.address';

export const labelsOf = (stack: string, address: string): Record<string, string> => ({
  [STACK]: stack,
  [ADDRESS]: address,
});

/** What the specs of a swarm's own kinds have in common. */
export interface ObjectSpec {
  /** The name of the object in the cluster. */
  id: string;
  /** The stack, which the object's labels name. */
  stack: string;
}

/** An overlay network. It is never changed: services move to another one. */
export interface NetworkSpec extends ObjectSpec {
  isolated: boolean;
  encrypted: boolean;
}

/** A secret or a config. It is never changed: other content has another name. */
export interface ContentSpec extends ObjectSpec {
  /** Of its content; keyed, if that may be a secret. */
  digest: string;
  /** Where the content comes from; absent for a text that baleine writes. */
  from?: DeclaredContent | { files: string[] };
  text?: string;
}

/** A secret or config of the file. */
export interface DeclaredContent {
  section: FileSection;
  /** Its name in the section. */
  source: string;
  /** Absent for a content in the file itself. */
  origin?: Exclude<FileOrigin, { content: string }>;
}

/** An image that is made on this host, and brought to the nodes. */
export interface SwarmImageSpec extends ImageSpec {
  stack: string;
  /** As services name it: `registry.example:5000/team/shop-web:3f9a01…`. */
  reference: string;
  /** Pushed to the registry in its reference; absent: loaded into the nodes. */
  pushed?: true;
  /** Other references to it that services run, or can be rolled back to: they stay on the nodes. */
  kept?: string[];
}

export interface SwarmImageFacts extends ImageFacts {
  /** What was brought to the nodes last. */
  distributed?: string;
}

/** A file in the containers of a service. */
export interface ServiceFile extends FileReference {
  /** Name of the secret or config in the cluster. */
  source: string;
}

export interface ServiceMount {
  type: 'volume' | 'bind';
  source: string;
  target: string;
  read_only: boolean;
  nocopy?: true;
}

/** What a rollback restores of a service: all of it, except its place among others. */
export interface ServiceRelease {
  image: string;
  entrypoint?: string[];
  command?: string[];
  volumes: ServiceMount[];
  tmpfs: string[];
  environment: Record<string, string>;
  labels: Record<string, string>;
  limits: Pick<Limits, 'memory' | 'memory_reservation' | 'cpus' | 'pids'>;
  restart: { name: 'no' | 'always' | 'on-failure'; max?: number };
  /** `none`: not even the image's own. */
  healthcheck?: HealthCheck | 'none';
  /** For the servers of a farm: how its proxy reaches them. */
  rotation?: Rotation;
  user?: string;
  group_add?: string[];
  working_dir?: string;
  stop_signal?: string;
  stop_grace_period: number;
  init?: true;
  tty?: true;
  stdin_open?: true;
  read_only: boolean;
  cap_add: string[];
  cap_drop: string[];
  sysctls: Record<string, string>;
  ulimits: Record<string, { soft: number; hard: number }>;
  dns: string[];
  dns_search: string[];
  dns_opt: string[];
  /** Bytes. */
  log_size: number;
}

export interface Rotation {
  port: number;
  /** What the proxy asks itself; absent: whether the port is open. */
  healthcheck?: HealthCheck;
}

/** The containers of an entry of the file, with its keys. */
export interface ServiceSpec extends ObjectSpec, ServiceRelease {
  /** `per node`: one on each node that it may run on. */
  replicas: number | 'per node';
  /** Set by `baleine scale`: `replicas` is its number. */
  scaled?: Scaled;
  /** Aliases on each network, by the name of the network in the cluster. */
  networks: Record<string, string[]>;
  /** Each on the node that runs it. */
  publish: PublishEntry[];
  secrets: ServiceFile[];
  configs: ServiceFile[];
  update: ServiceUpdate;
  placement?: Placement;
  hostname?: string;
  /** `NAME=ADDRESS`. */
  extra_hosts: string[];
  /** What it was before its last change. */
  previous?: ServiceRelease;
  /** It is rolled back, and pinned there. */
  held?: PinnedServiceRelease;
}

/** The release that a rolled back service is pinned to. */
export interface PinnedServiceRelease {
  /** Digest of the release that the file declared. The pin ends when that changes. */
  asked: string;
  /** The keys in which the file differs, for people. */
  differs: string[];
  to: ServiceRelease;
}

export type ServiceUpdate = Pick<
  UpdatePolicy,
  'order' | 'parallelism' | 'monitor' | 'failure_action'
>;

/** On which nodes a service runs. */
export interface Placement {
  /** `node.labels.zone == north`. */
  constraints: string[];
  /** Labels over whose values its tasks are spread evenly: `node.labels.zone`. */
  spread: string[];
  /** Tasks of the service on one node, at most; absent for any number. */
  max_per_node?: number;
}

export interface ServiceFacts {
  /** The service of the API as it was after the last change: what differs is drift. */
  applied?: { [key: string]: Json | undefined };
  /** Digest of a spec that was rolled back: it is not tried again. */
  refused?: string;
  failure?: string;
}
