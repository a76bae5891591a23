/** A task of a service of a swarm, as `ps --json` has it: one replica of it on one node. */
export interface ListedTask {
  /** `shop-server.1`. */
  name: string;
  service: string;
  image: string;
  /** Null while no node has it. */
  node: string | null;
  /** State of the node: `ready`, `down`. */
  node_state: string | null;
  /** `running`, `failed`, `pending` … */
  state: string;
  /** When it got that state. */
  since: string;
  error?: string;
  /** `*:80->80/tcp` of its node. */
  ports: string[];
}

/** A farm on a swarm, as `farm status --json` has it. */
export interface FarmTasks {
  name: string;
  stack: string;
  /** The service of its proxy. */
  proxy: string;
  /** Tasks that should run now. */
  desired: { servers: number; proxies: number };
  servers: ListedTask[];
  /** One on each node that may run it. */
  proxies: ListedTask[];
}
