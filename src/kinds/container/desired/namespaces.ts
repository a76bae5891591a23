import { IMPERATIVE_STACK } from '../../../model/address.js';
import { UserError } from '../../../model/errors.js';
import { idOf } from '../../../model/install-paths.js';
import type { Instance } from '../../../model/instance.js';
import {
  NAMESPACE_NAMES,
  type NamespaceKey,
  parseSharing,
  type SharedNamespace,
} from '../../../model/namespaces.js';
import type { Row } from '../../../model/resource.js';
import type { ContainerSpec } from '../../../model/specs.js';
import { type Context, isOthers } from '../../desired-context.js';
import { hostsName, hostsPath } from '../../recorded.js';
import { instancesNamed } from './instances.js';

type SharedParts = Pick<ContainerSpec, 'network' | 'pid_namespace' | 'ipc'>;

/** The namespaces that a container shares with others. @throws UserError if one does not exist */
export function sharedNamespaces(
  instance: Instance,
  instances: readonly Instance[],
  context: Context,
): { [K in keyof SharedParts]-?: SharedParts[K] | undefined } {
  const shared = (key: NamespaceKey) => sharedWith(instance, key, instances, context);
  const { ipc } = instance.entry;
  return {
    network: shared('network_mode'),
    pid_namespace: shared('pid'),
    ipc: ipc === 'shareable' || ipc === 'none' ? ipc : shared('ipc'),
  };
}

/** Host name and names of peers of the container whose network is shared; undefined if none is. */
export function networkOwner(
  instance: Instance,
  instances: readonly Instance[],
  context: Context,
): Pick<ContainerSpec, 'hostname' | 'hosts_file'> | undefined {
  const sharing = parseSharing(instance.entry.network_mode);
  if (!sharing) return undefined;
  if ('container' in sharing) return foreignOwner(instance, 'network_mode', context).spec;
  const [owner] = instancesNamed(sharing.service, instances);
  if (!owner) return undefined;
  const hosts_file = hostsPath(hostsName(Object.keys(owner.entry.bridges)), context);
  return { hostname: owner.entry.hostname ?? owner.name, hosts_file };
}

function sharedWith(
  instance: Instance,
  key: NamespaceKey,
  instances: readonly Instance[],
  context: Context,
): SharedNamespace | undefined {
  const from = instance.entry[key] ?? '';
  const sharing = parseSharing(from);
  if (!sharing) return undefined;
  if ('container' in sharing) return { id: foreignOwner(instance, key, context).spec.id, from };
  const [owner] = instancesNamed(sharing.service, instances);
  return { id: idOf(context.config.name, owner?.name ?? sharing.service), from };
}

type ContainerRow = Row<ContainerSpec>;

/** A container that is not of this file: the one in use, else an imperative one, else the only one. */
function foreignOwner(instance: Instance, key: NamespaceKey, context: Context): ContainerRow {
  const { config } = context;
  const mode = instance.entry[key] ?? '';
  const refused = (cause: string, hint: string) =>
    new UserError(
      `${config.where([...instance.path, key])}: container ${instance.name} cannot share the ${NAMESPACE_NAMES[key]} of ${mode.slice('container:'.length)}: ${cause}`,
      hint,
    );
  const row = foundOwner(instance, key, context, refused);
  const { spec } = row;
  const own = key === 'network_mode' ? spec.network : key === 'pid' ? spec.pid_namespace : spec.ipc;
  if (spec.one_off) throw refused('it is a one-off container of baleine run', ELSEWHERE);
  if (spec.userns) throw refused('it has ids of its own (userns: auto)', ELSEWHERE);
  if (typeof own === 'object') throw refused(`it shares those of ${own.from}`, ELSEWHERE);
  if (key === 'ipc' && own !== 'shareable') {
    throw refused('it does not share them', 'Give it ipc: shareable.');
  }
  return row;
}

const ELSEWHERE = 'Share those of another container.';

function foundOwner(
  { name, entry }: Instance,
  key: NamespaceKey,
  context: Context,
  refused: (cause: string, hint: string) => UserError,
): ContainerRow {
  const { rows, config } = context;
  const sharing = parseSharing(entry[key]);
  const { container = '', stack } = sharing && 'container' in sharing ? sharing : {};
  const named = rows.filter((row) => row.kind === 'container' && row.name === container);
  const others = named.filter((row) => isOthers(row, context)) as ContainerRow[];
  const wanted = stack === '_' ? IMPERATIVE_STACK : stack;
  const found = wanted === undefined ? others : others.filter((row) => row.stack === wanted);
  if (found.length === 1) return found[0] as ContainerRow;
  if (found.length === 0) {
    if (config.containers[container] && config.name !== IMPERATIVE_STACK) {
      throw refused('it is of this file', `Write ${key}: service:${container}.`);
    }
    throw refused('there is no such container', 'List them: baleine ps --all-stacks');
  }
  const before = rows.find(
    (row) => row.kind === 'container' && row.stack === config.name && row.name === name,
  ) as ContainerRow | undefined;
  const used = before && [before.spec.network, before.spec.pid_namespace, before.spec.ipc];
  const same = found.find(({ spec }) =>
    used?.some(
      (each) => typeof each === 'object' && each.id === spec.id && each.from === entry[key],
    ),
  );
  const chosen = same ?? found.find((row) => row.stack === IMPERATIVE_STACK);
  if (chosen) return chosen;
  const stacks = found.map((row) => `container:${row.stack}.${container}`).sort();
  throw refused('several stacks have one of that name', `Write one of ${stacks.join(', ')}.`);
}
