import type { PublishEntry, RestartPolicy } from './config.js';
import type { ListedContainer } from './listed-container.js';

/** What there is of a stack and how it hangs together, as it is now: what every picture shows. */
export interface Topology {
  stack: string;
  /** Those the host is on first, then what is one container further away, and so on. */
  bridges: BridgeNode[];
  /** By name. */
  containers: ContainerNode[];
  farms: FarmNode[];
  /** Names of the volumes, those of containers and those nobody has mounted. */
  volumes: string[];
}

export interface BridgeNode {
  name: string;
  /** What the kernel says of its interface. */
  state: 'up' | 'down' | 'missing';
  subnet?: string;
  /** The host's address on it. */
  host?: string;
  /** The host's interface that joins it. */
  uplink?: string;
  isolated: boolean;
  /** Whose it is, when it is not the stack's own. */
  owner?: string;
}

export interface ContainerNode extends ListedContainer {
  tone: Severity;
  /** Names, of those of the stack. */
  volumes: string[];
  /** Ports of the host that lead to it. */
  publish: PublishEntry[];
  /** The host's network is its own, too. */
  on_host: boolean;
}

export interface FarmNode {
  name: string;
  /** Name of a container. */
  proxy: string;
  /** Names of containers. */
  servers: string[];
}

/** How a reader should feel about a container: well, under way or held, in trouble, at rest. */
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
      // what is to run always should not have ended, however well
      return code === 0 && halted === undefined && restart.name !== 'always' ? 'idle' : 'bad';
    case 'gone':
    case 'missing':
      return 'bad';
  }
}
