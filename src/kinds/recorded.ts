import { addressOf, byName, type KindName } from '../model/address.js';
import type { External } from '../model/config.js';
import { UserError } from '../model/errors.js';
import { hostsFile, volumeDir } from '../model/install-paths.js';
import type { Instance } from '../model/instance.js';
import { digest } from '../model/json.js';
import type { Row } from '../model/resource.js';
import type { BridgeSpec, HostsSpec, VolumeSpec } from '../model/specs.js';
import { HOST_GATEWAY } from './container/keys/extra_hosts.js';
import { type Context, externalRow } from './desired-context.js';

/**
 * The recorded spec of a resource of this stack. Its name on the host (interface, file or folder)
 * stays as it was created or found, even if the resource has been renamed.
 */
export function recordedSpec<Spec>(
  { rows, config }: Pick<Context, 'rows' | 'config'>,
  kind: KindName,
  name: string,
): Spec | undefined {
  const found = indexOf(rows).get(keyOf(config.name, kind, name));
  return found?.spec as Spec | undefined;
}

/** Indexed, because every container looks up resources. */
function indexOf(rows: readonly Row[]): Map<string, Row> {
  const cached = indexes.get(rows);
  if (cached) return cached;
  const index = new Map(rows.map((row) => [keyOf(row.stack, row.kind, row.name), row]));
  indexes.set(rows, index);
  return index;
}

const indexes = new WeakMap<readonly Row[], Map<string, Row>>();

const keyOf = (stack: string, kind: KindName, name: string) => `${stack}/${addressOf(kind, name)}`;

/** The folder of a volume: the recorded one, else the default. @throws UserError as `externalPath` */
export function volumePath(name: string, context: Context): string {
  const entry = context.config.volumes[name];
  if (entry?.external) return externalPath(name, entry, context);
  const recorded = recordedSpec<VolumeSpec>(context, 'volume', name);
  return recorded?.path ?? volumeDir(context.paths, context.config.name, name);
}

/**
 * The folder of a volume of another stack, or of an imperative one. Cached, because each container
 * that mounts it looks it up.
 *
 * @throws UserError if there is none
 */
function externalPath(entry: string, { name }: External, context: Context): string {
  const known = externalPaths.get(context) ?? new Map<string, string>();
  externalPaths.set(context, known);
  const path =
    known.get(entry) ??
    externalRow<VolumeSpec>(context, 'volume', { entry, name }, (spec, { mounts }) =>
      mounts.some(({ source }) => source === spec.path),
    )?.spec.path;
  if (path === undefined) {
    throw new UserError(
      `${context.config.where(['volumes', entry])}: volume ${name ?? entry} is external, but this host has no volume of that name`,
      'Create it with the stack that owns it first, or declare it here without `external:`.',
    );
  }
  known.set(entry, path);
  return path;
}

const externalPaths = new WeakMap<Context, Map<string, string>>();

/** The file of host names that a group of containers shares: the recorded one, else the default. */
export function hostsPath(name: string, context: Context): string {
  const recorded = recordedSpec<HostsSpec>(context, 'hosts', name);
  return recorded?.file ?? hostsFile(context.paths, context.config.name, name);
}

/**
 * The name of the host names that containers on these bridges see: `front-back-3f9a01`.
 *
 * @param extra what they see in addition: containers with other `extra_hosts` do not share a file
 */
export function hostsName(bridges: readonly string[], extra: readonly string[] = []): string {
  const sorted = [...bridges].sort(byName);
  const key = sorted.join();
  const name = names.get(key) ?? nameOf(sorted);
  names.set(key, name);
  return extra.length === 0 ? name : `${name}-${digest(extra, 6)}`;
}

/**
 * The `extra_hosts` of a container as recorded: `NAME=ADDRESS`.
 *
 * @throws UserError for `host-gateway` if the host has no address on its bridges
 */
export function extraHostsOf(
  { name, entry, path }: Instance,
  bridges: ReadonlyMap<string, BridgeSpec>,
  { config }: Context,
): string[] | undefined {
  const specs = Object.keys(entry.bridges).flatMap((each) => bridges.get(each) ?? []);
  const hosts = [...specs.map(({ host }) => host), ...specs.map(({ host6 }) => host6)].filter(
    (each) => each !== undefined,
  );
  return entry.extra_hosts?.map((each) => {
    const address = each.address === HOST_GATEWAY ? hosts[0] : each.address;
    if (address !== undefined) return `${each.name}=${address}`;
    throw new UserError(
      `${config.where([...path, 'extra_hosts'])}: container ${name} has no host-gateway: the host has no address on any of its bridges`,
      'Set host: ADDRESS on one of its bridges.',
    );
  });
}

/** Cached, because most containers share their bridges with others. */
const names = new Map<string, string>();

function nameOf(sorted: string[]): string {
  const readable = sorted.length === 0 ? 'none' : sorted.join('-').slice(0, 50);
  return `${readable}-${digest(sorted, 6)}`;
}
