import type { PublishEntry, RestartPolicy } from './config.js';
import type { ListedContainer } from './listed-container.js';

/** The observed resources of a stack and how they are connected: what every graph shows. */
export interface Topology {
  stack: string;
  /** Those that the host is attached to first, then in order of distance. */
  bridges: BridgeNode[];
  /** By name. */
  containers: ContainerNode[];
  farms: FarmNode[];
  /** Names of all volumes, mounted or not. */
  volumes: string[];
}

export interface BridgeNode {
  name: string;
  /** State of its interface. */
  state: 'up' | 'down' | 'missing';
  subnet?: string;
  /** The host's address on it. */
  host?: string;
  /** The host interface attached to it. */
  uplink?: string;
  isolated: boolean;
  /** The stack that owns it, if another one. */
  owner?: string;
}

export interface ContainerNode extends ListedContainer {
  tone: Severity;
  /** Names of volumes of this stack. */
  volumes: string[];
  /** Host ports forwarded to it. */
  publish: PublishEntry[];
  /** It uses the host's network namespace. */
  on_host: boolean;
  /** For a service of a swarm, which several containers may run. */
  tasks?: { running: number; desired: number };
}

export interface FarmNode {
  name: string;
  /** Name of the proxy's container. */
  proxy: string;
  /** Names of the servers' containers. */
  servers: string[];
}

/** How a container is shown: healthy, in transition or paused, in trouble, idle. */
export type Severity = 'good' | 'wait' | 'bad' | 'idle';

export function severityOf(container: ListedContainer, restart: RestartPolicy): Severity {
  const { status, health, exit_code: code, halted } = container;
  switch (status) {
    case 'running':
      if (health?.status === 'unhealthy') return 'bad';
      return health === undefined || health.status === 'healthy' ? 'good' : 'wait';
    case 'paused':
      return 'wait';
    case 'stopped':
      return 'idle';
    case 'exited':
      // with `restart: always` it should not have exited, not even successfully
      return code === 0 && halted === undefined && restart.name !== 'always' ? 'idle' : 'bad';
    case 'gone':
    case 'missing':
      return 'bad';
  }
}
