import type { ContainerSpec } from './specs.js';

/** The saved processes of a container, with its disk of the same moment. */
export interface Checkpoint {
  version: 1;
  id: string;
  stack: string;
  name: string;
  /** ISO 8601; also the name of its folder, without colons. */
  created_at: string;
  runtime: string;
  /** Architecture and release of the kernel that it was made on. */
  arch: string;
  kernel: string;
  /** Bytes that its files occupy. */
  size: number;
  /** As recorded at that time. In an exported file the values of environment variables are left out. */
  spec: ContainerSpec;
}

/** One of its files in an exported file. */
export interface CheckpointFile {
  /** `criu/pages-1.img` or `disk.img`. */
  path: string;
  /** Bytes. */
  size: number;
  sha256: string;
}

/** The first member of an exported file. */
export interface ExportedCheckpoint {
  checkpoint: Checkpoint;
  files: CheckpointFile[];
  /** By the installation that exported it, of the rest. */
  mark: string;
}

/** Names within the folder of a checkpoint. */
export const CHECKPOINT = { record: 'checkpoint.json', images: 'criu', disk: 'disk.img' } as const;

/** The name of the folder of a checkpoint of that time: later ones sort after it. */
export const folderOf = ({ created_at }: Pick<Checkpoint, 'created_at'>): string =>
  created_at.replaceAll(':', '-');

/**
 * Why a container cannot be saved, by its spec: CRIU would need what belongs to others or is the
 * host's. Undefined if it can be tried.
 */
export function checkpointObstacle(spec: ContainerSpec): string | undefined {
  const { host_network, sockets = [], egress, network, pid_namespace, ipc, userns, run } = spec;
  if (run) return 'it is a run of a job';
  if (host_network) return 'it uses the host’s network';
  if (sockets.length > 0) return 'it holds listening sockets of the host';
  if (egress) return 'it is the way out of a bridge';
  if (network) return 'it shares the network of another container';
  if (pid_namespace) return 'it shares the process ids of another container';
  if (ipc !== undefined && ipc !== 'none') return 'it shares memory with others (ipc)';
  if (userns) return 'it has a user namespace of its own';
  return undefined;
}
