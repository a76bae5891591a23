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

/** The containers of an entry of the file, with its keys. */
export interface ServiceSpec extends ObjectSpec {
  image: string;
  /** `per node`: one on each node that it may run on. */
  replicas: number | 'per node';
  /** Set by `baleine scale`: `replicas` is its number. */
  scaled?: Scaled;
  entrypoint?: string[];
  command?: string[];
  /** Aliases on each network, by the name of the network in the cluster. */
  networks: Record<string, string[]>;
  /** Each on the node that runs it. */
  publish: PublishEntry[];
  volumes: ServiceMount[];
  tmpfs: string[];
  secrets: ServiceFile[];
  configs: ServiceFile[];
  environment: Record<string, string>;
  labels: Record<string, string>;
  limits: Pick<Limits, 'memory' | 'memory_reservation' | 'cpus' | 'pids'>;
  restart: { name: 'no' | 'always' | 'on-failure'; max?: number };
  /** `none`: not even the image's own. */
  healthcheck?: HealthCheck | 'none';
  update: ServiceUpdate;
  placement?: Placement;
  user?: string;
  group_add?: string[];
  working_dir?: string;
  hostname?: string;
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
  /** `NAME=ADDRESS`. */
  extra_hosts: string[];
  dns: string[];
  dns_search: string[];
  dns_opt: string[];
  /** Bytes. */
  log_size: number;
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
