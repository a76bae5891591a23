import type { ListedContainer } from './listed-container.js';

/** A stack as `ls --json` has it. */
export interface ListedStack {
  /** `-` for what imperative commands made. */
  name: string;
  /** What runs it. */
  engine: 'local' | 'swarm';
  /** Id of its cluster, if that is a swarm. */
  cluster?: string;
  /** Number of containers by status; none on a swarm, which is not asked. */
  containers: Partial<Record<ListedContainer['status'], number>>;
  /** Number of all its resources. */
  resources: number;
  /** The file that it was last applied from; absent if unknown. */
  file?: string;
}
