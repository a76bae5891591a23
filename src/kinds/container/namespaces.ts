import type { Probe } from '../../host/ports.js';
import { type InstallPaths, netnsPath, parseId, startedFile } from '../../model/install-paths.js';
import {
  NAMESPACE_KEYS,
  NAMESPACES,
  type NamespaceKey,
  type SharedNamespace,
} from '../../model/namespaces.js';
import type { Difference } from '../../model/plan.js';
import type { ContainerSpec, ProcessIdentity } from '../../model/specs.js';

type Sharing = Pick<ContainerSpec, 'network' | 'pid_namespace' | 'ipc'>;

/** The namespaces that a container shares with others, by key. */
export function sharedOf({ network, pid_namespace, ipc }: Sharing): {
  key: NamespaceKey;
  shared: SharedNamespace;
}[] {
  const all = { network_mode: network, pid: pid_namespace, ipc };
  return NAMESPACE_KEYS.flatMap((key) => {
    const shared = all[key];
    return typeof shared === 'object' ? [{ key, shared }] : [];
  });
}

/** Whether it has a network namespace of its own, which is made and removed with it. */
export const ownsNetwork = ({ host_network, network }: ContainerSpec) => !host_network && !network;

/** Whether a shared namespace is still that of its owner; `absent` if the owner has none. */
export type SharedState = 'same' | 'other' | 'absent';

/** The state of each namespace that a running container shares; undefined if it shares none. */
export function observeShared(
  spec: ContainerSpec,
  pid: number | undefined,
  probe: Probe,
  paths: InstallPaths,
): Partial<Record<NamespaceKey, SharedState>> | undefined {
  const all = sharedOf(spec);
  if (all.length === 0 || pid === undefined) return undefined;
  const states = all.map(({ key, shared }): [NamespaceKey, SharedState] => {
    const owner = ownedBy(shared.id, key, probe, paths);
    if (owner === undefined) return [key, 'absent'];
    return [key, owner === probe.namespace(pid, NAMESPACES[key]) ? 'same' : 'other'];
  });
  return Object.fromEntries(states);
}

function ownedBy(id: string, key: NamespaceKey, probe: Probe, paths: InstallPaths) {
  if (key === 'network_mode') {
    const path = netnsPath(paths, id);
    return probe.mounted(path) ? probe.namespace(path, 'net') : undefined;
  }
  const process = startedProcess(probe.text(startedFile(paths, id)));
  const isAlive =
    process?.boot_id === probe.bootId &&
    probe.process(process.pid)?.start_time === process.start_time;
  return isAlive ? probe.namespace(process.pid, NAMESPACES[key]) : undefined;
}

function startedProcess(text: string | undefined): ProcessIdentity | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as ProcessIdentity);
  } catch {
    return undefined;
  }
}

/** A container whose namespace has no owner at the moment stays in it: nothing else could be shared. */
export function sharedDrift(
  spec: ContainerSpec,
  states: Partial<Record<NamespaceKey, SharedState>> = {},
): Difference[] {
  return sharedOf(spec)
    .filter(({ key }) => states[key] === 'other')
    .map(({ key, shared }) => ({
      attribute: key,
      cause: 'drift',
      effect: 'update',
      reason: wasReplaced(key, shared),
    }));
}

export const wasReplaced = (key: NamespaceKey, shared: SharedNamespace) =>
  `${WORDS[key]} namespace of ${ownerName(shared)} was replaced`;

const WORDS: Record<NamespaceKey, string> = { network_mode: 'network', pid: 'pid', ipc: 'ipc' };

/** `db` */
export const ownerName = ({ id }: SharedNamespace) => parseId(id)?.name ?? id;
