/**
 * A Docker Swarm, as a port. `docker/` has the implementation over Docker's HTTP API (version 1.41,
 * https://docs.docker.com/engine/api/v1.41). Every failure rejects with a UserError "cannot <verb> <thing>: <cause>".
 */
import type { Json } from '../model/json.js';
import type { DeclaredContent } from '../model/swarm.js';
import type { Host } from './ports.js';

/** What a cluster has: plain JSON, taken once by a number of calls that does not depend on it. */
export interface ClusterSnapshot {
  /** Id of the cluster. */
  id: string;
  nodes: ClusterNode[];
  networks: ClusterObject[];
  secrets: ClusterObject[];
  configs: ClusterObject[];
  services: ClusterService[];
  /** References of images, by the name of each node that has been asked. */
  images: Record<string, string[]>;
}

export interface ClusterNode {
  id: string;
  name: string;
  role: 'manager' | 'worker';
  /** `active`, `pause` or `drain`. */
  availability: string;
  /** `ready`, `down`, `unknown` or `disconnected`. */
  state: string;
  address: string;
}

export interface ClusterObject {
  id: string;
  name: string;
  labels: Record<string, string>;
}

export interface ClusterService extends ClusterObject {
  /** Of its object: it changes with every update, and an update has to name it. */
  version: number;
  spec: ApiService;
  /** Its spec before the last update. */
  previous?: ApiService;
  update?: { state: string; message: string };
  /** Tasks that should run now, and those that do. */
  desired: number;
  running: number;
}

/** One attempt to run one replica of a service. */
export interface ClusterTask {
  id: string;
  /** Id of the service. */
  service: string;
  /** Number of the replica, from 1; 0 if there is one on each node. */
  slot: number;
  /** Name of its node; absent until it has one. */
  node?: string;
  /** `running`, `failed`, `rejected`, `pending` … */
  state: string;
  /** `running` or `shutdown`. */
  desired: string;
  /** The part of its service that it was made from: `TaskTemplate`. */
  spec: ApiService;
  /** Why it failed, or why no node takes it. */
  error?: string;
  image: string;
  /** Milliseconds since 1970, when it got its state. */
  at: number;
  /** `0.0.0.0:80->80/tcp` of its node. */
  ports: string[];
}

/** A service of Docker's API: only what baleine sets, and what others have set. */
export type ApiService = { [key: string]: Json | undefined };

/** An object that is never changed, but replaced by one of another name. */
export interface NewContent {
  name: string;
  labels: Record<string, string>;
  content: Buffer;
}

export interface NewNetwork {
  name: string;
  labels: Record<string, string>;
  /** No way out of it. */
  internal: boolean;
  /** What its nodes exchange is encrypted by IPsec. */
  encrypted: boolean;
}

export interface Cluster {
  /**
   * Looks at the cluster.
   *
   * @param repositories of images to look for on the nodes
   */
  look(repositories: readonly string[]): Promise<ClusterSnapshot>;
  createNetwork(network: NewNetwork): Promise<void>;
  createSecret(secret: NewContent): Promise<void>;
  createConfig(config: NewContent): Promise<void>;
  /** Removing something absent succeeds; what tasks on their way out still use is tried again for a while. */
  remove(what: 'network' | 'secret' | 'config' | 'service', name: string): Promise<void>;
  /** Answers the spec as the cluster has it afterwards. */
  createService(spec: ApiService): Promise<ApiService>;
  updateService(name: string, spec: ApiService): Promise<ApiService>;
  service(name: string): Promise<ClusterService | undefined>;
  /** The tasks of the services of a stack, the newest first. */
  tasks(stack: string): Promise<ClusterTask[]>;
  /** Has a node, by its name, read an archive of `docker save`. */
  loadImage(node: string, archive: string): Promise<void>;
  /** Nodes whose engines are reached, known after a look. */
  reached(): string[];
  /** Removes the images of a repository from those nodes; a task's image is tried again for a while. */
  removeImages(repository: string, keep: readonly string[]): Promise<void>;
  /** The digest of a pushed image, `sha256:…`. */
  digestOf(reference: string): Promise<string>;
  /** What tasks of a service have printed; ends with what there is unless `follow` is set. */
  logs(service: string, options: ClusterLogOptions): AsyncIterable<ClusterLogLine>;
}

export interface ClusterLogOptions {
  follow: boolean;
  /** Lines of each task, from the end; absent: all. */
  tail?: number;
  /** Milliseconds since 1970. */
  since?: number;
  signal?: AbortSignal;
}

export interface ClusterLogLine {
  /** Of the task. */
  task: string;
  node: string;
  /** RFC 3339 with nanoseconds. */
  time: string;
  text: string;
  stream: 'stdout' | 'stderr';
}

/** All that the handlers of a swarm's kinds act through. */
export interface ClusterHost extends Host {
  cluster: Cluster;
  /** The content of a secret or config of the file. */
  contents(declared: DeclaredContent, digest: string): Buffer;
}
