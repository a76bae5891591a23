import { existsSync, mkdirSync, rmdirSync, statSync } from 'node:fs';
import { UserError } from '../../../model/errors.js';
import { type InstallPaths, netnsPath, parseId } from '../../../model/install-paths.js';
import {
  NAMESPACE_NAMES,
  NAMESPACES,
  type NamespaceKey,
  type SharedNamespace,
} from '../../../model/namespaces.js';
import type { ContainerSpec } from '../../../model/specs.js';
import { run } from '../process/run.js';
import type { BundleContext } from './config-json.js';
import { bundleFiles } from './layout.js';
import { isAlive } from './process.js';
import { runningContainer } from './started.js';

type Sharing = Pick<ContainerSpec, 'id' | 'network' | 'pid_namespace' | 'ipc'>;

/**
 * Where a container finds the namespaces that it shares, and its /dev/shm if that is shared.
 *
 * @throws UserError if their owner does not have them at the moment
 */
export function sharedPaths(
  paths: InstallPaths,
  { id, network, pid_namespace, ipc }: Sharing,
): Pick<BundleContext, 'pid' | 'ipc' | 'shm'> {
  if (network && !existsSync(netnsPath(paths, network.id))) {
    throw absent(id, network, 'network_mode');
  }
  const ofProcess = (key: 'pid' | 'ipc', shared: SharedNamespace) => {
    const owner = runningContainer(paths, shared.id);
    if (!owner) throw absent(id, shared, key);
    return `/proc/${owner.pid}/ns/${NAMESPACES[key]}`;
  };
  return {
    ...(pid_namespace && { pid: ofProcess('pid', pid_namespace) }),
    ...(typeof ipc === 'object' && {
      ipc: ofProcess('ipc', ipc),
      shm: bundleFiles(paths, ipc.id).shm,
    }),
    ...(ipc === 'shareable' && { shm: bundleFiles(paths, id).shm }),
    ...(ipc === 'none' && { shm: 'none' }),
  };
}

function absent(id: string, { id: owner }: SharedNamespace, key: NamespaceKey): UserError {
  const name = parseId(owner)?.name ?? owner;
  const cause = key === 'network_mode' ? 'has none at the moment' : 'is not running';
  return new UserError(
    `cannot start ${id}: it shares the ${NAMESPACE_NAMES[key]} of ${owner}, which ${cause}`,
    `baleine logs ${name}, baleine start ${name}`,
  );
}

/**
 * Checks that a created container is where it should be: its owner may have ended in between, and the
 * number of its process may already be that of another one.
 */
export function checkShared(
  paths: InstallPaths,
  { id, network, pid_namespace, ipc }: Sharing,
  pid: number,
): void {
  const check = (key: NamespaceKey, shared: SharedNamespace, path: string) => {
    const type = NAMESPACES[key];
    if (inode(`/proc/${pid}/ns/${type}`) !== inode(path)) throw absent(id, shared, key);
  };
  if (network) check('network_mode', network, netnsPath(paths, network.id));
  for (const [key, shared] of [
    ['pid', pid_namespace],
    ['ipc', ipc],
  ] as const) {
    if (typeof shared !== 'object') continue;
    const owner = runningContainer(paths, shared.id);
    if (!owner) throw absent(id, shared, key);
    check(key, shared, `/proc/${owner.pid}/ns/${NAMESPACES[key]}`);
    if (!isAlive(owner)) throw absent(id, shared, key);
  }
}

const inode = (path: string) => statSync(path, { throwIfNoEntry: false })?.ino;

/** As the /dev/shm of every container. */
const SHM_OPTIONS = 'nosuid,nodev,noexec,mode=1777';

/** Mounts a new /dev/shm for a container that lets others share it. */
export async function ensureShm(
  paths: InstallPaths,
  { id, ipc, shm_size = 64 * 1024 ** 2 }: Pick<ContainerSpec, 'id' | 'ipc' | 'shm_size'>,
): Promise<void> {
  if (ipc !== 'shareable') return;
  const { shm } = bundleFiles(paths, id);
  mkdirSync(shm, { recursive: true, mode: 0o700 });
  await run('mount', ['-t', 'tmpfs', '-o', `${SHM_OPTIONS},size=${shm_size}`, '--', 'shm', shm], {
    purpose: `give ${id} a /dev/shm`,
  });
}

/** Containers that share it keep it until they end. */
export async function removeShm(paths: InstallPaths, id: string): Promise<void> {
  const { shm } = bundleFiles(paths, id);
  if (!existsSync(shm)) return;
  await run('umount', ['--lazy', '--', shm], { purpose: `clear ${id}`, reject: false });
  rmdirSync(shm);
}
