import { addressOf } from '../../model/address.js';
import type { Config, ContainerEntry, UpdatePolicy } from '../../model/config.js';
import type { Resource } from '../../model/resource.js';
import type { Scaled } from '../../model/specs.js';
import type {
  ContentSpec,
  NetworkSpec,
  Rotation,
  ServiceFile,
  ServiceMount,
  ServiceSpec,
} from '../../model/swarm.js';
import { objectName, proxyOf } from './names.js';
import { type ServiceRow, withReleases } from './release.js';

/** What services of the stack refer to. */
export interface Parts {
  config: Config;
  /** The reference of each image of the file. */
  images: ReadonlyMap<string, ImageReference>;
  /** The object of each used secret and config of the file: `secrets.token`. */
  contents: ReadonlyMap<string, Resource<ContentSpec>>;
  /** The network of each bridge that is the stack's own. */
  networks: ReadonlyMap<string, Resource<NetworkSpec>>;
  /** What was last applied, by service. */
  rows: ReadonlyMap<string, ServiceRow>;
}

export interface ImageReference {
  reference: string;
  /** Whether the image is one of the stack's resources. */
  made: boolean;
}

/** A service to be: an entry of the file, or a part of a farm. */
export interface Wanted {
  name: string;
  entry: ContainerEntry;
  path: readonly (string | number)[];
  replicas: ServiceSpec['replicas'];
  /** By `baleine scale`; then `replicas` is its number. */
  scaled?: Scaled;
  update?: UpdatePolicy;
  /** Of the servers of a farm. */
  rotation?: Rotation;
  /** More of its files, such as a proxy's configuration. */
  files?: { kind: 'secret' | 'config'; resource: Resource<ContentSpec>; target: string }[];
}

/** Docker's own for a service without a policy: one after the other. */
const UPDATE: UpdatePolicy = {
  order: 'stop-first',
  parallelism: 1,
  drain: 0,
  monitor: 5000,
  failure_action: 'pause',
};

/** A service that runs the containers of one entry. */
export function desiredService(wanted: Wanted, parts: Parts): Resource<ServiceSpec> {
  const { name, entry, path, replicas, scaled, rotation, update = UPDATE, files = [] } = wanted;
  const { config, images, contents, networks } = parts;
  const image = images.get(entry.image);
  if (!image) throw new Error(`${name}: image ${entry.image} has no reference`);
  const used = (['secrets', 'configs'] as const).flatMap((section) =>
    (entry[section] ?? []).flatMap((each) => contents.get(`${section}.${each.source}`) ?? []),
  );
  const attached = Object.entries(entry.bridges).map(
    ([bridge, { aliases }]): [string, string[]] => [
      networks.get(bridge)?.spec.id ?? externalName(config, bridge),
      [...new Set([name, ...aliases])],
    ],
  );
  const { order, parallelism, monitor, failure_action } = update;
  const health = healthOf(entry);
  const { each_node: _replicas, ...placement } = entry.placement ?? { constraints: [], spread: [] };
  const spec: ServiceSpec = {
    id: objectName(config.name, name),
    stack: config.name,
    image: image.reference,
    replicas,
    ...(scaled && { scaled }),
    ...(entry.entrypoint && { entrypoint: entry.entrypoint }),
    ...(entry.command && { command: entry.command }),
    networks: Object.fromEntries(attached),
    publish: (entry.publish ?? []).map(({ published, target, protocol }) => ({
      ...{ host_ip: '0.0.0.0', published, target },
      ...(protocol && { protocol }),
    })),
    volumes: entry.volumes
      .filter(({ type }) => type !== 'config')
      .map((each) => mountOf(each, config)),
    tmpfs: [...entry.tmpfs, ...(entry.shm_size ? [`/dev/shm:size=${entry.shm_size}`] : [])],
    secrets: filesOf('secrets', wanted, parts),
    configs: filesOf('configs', wanted, parts),
    environment: entry.environment,
    labels: entry.labels ?? {},
    limits: limitsOf(entry),
    restart: entry.restart,
    ...(health && { healthcheck: health }),
    ...(rotation && { rotation }),
    update: { order, parallelism, monitor, failure_action },
    ...(entry.placement && { placement }),
    ...(entry.user !== undefined && { user: entry.user }),
    ...(entry.group_add &&
      entry.group_add.length > 0 && { group_add: entry.group_add.map(String) }),
    ...(entry.working_dir !== undefined && { working_dir: entry.working_dir }),
    ...(entry.hostname !== undefined && { hostname: entry.hostname }),
    ...(entry.stop_signal !== undefined && { stop_signal: String(entry.stop_signal) }),
    stop_grace_period: entry.stop_grace_period,
    ...(entry.init && { init: true }),
    ...(entry.tty && { tty: true }),
    ...(entry.stdin_open && { stdin_open: true }),
    read_only: entry.read_only,
    cap_add: entry.cap_add,
    cap_drop: entry.cap_drop,
    sysctls: entry.sysctls,
    ulimits: entry.ulimits,
    extra_hosts: (entry.extra_hosts ?? []).map(({ name: host, address }) => `${host}=${address}`),
    dns: entry.dns ?? [],
    dns_search: entry.dns_search ?? [],
    dns_opt: entry.dns_opt ?? [],
    log_size: entry.logs.max_size,
  };
  const dependencies = Object.keys(entry.depends_on ?? {});
  return {
    address: addressOf('service', name),
    kind: 'service',
    name,
    spec: withReleases(spec, parts.rows.get(name)),
    needs: [
      ...(image.made ? [addressOf('image', entry.image)] : []),
      ...Object.keys(entry.bridges).flatMap((bridge) => networks.get(bridge)?.address ?? []),
      ...[...used, ...files.map(({ resource }) => resource)].map(({ address }) => address),
      ...dependencies.map((each) =>
        addressOf('service', config.farms[each] ? proxyOf(each) : each),
      ),
    ],
    protect: entry.protect ?? false,
    entry: path,
  };
}

/** The name that an external network has in the cluster. */
function externalName({ bridges }: Config, bridge: string): string {
  const entry = bridges[bridge];
  return entry?.external ? (entry.name ?? bridge) : bridge;
}

function mountOf(
  { type, source, target, read_only, nocopy }: ContainerEntry['volumes'][number],
  { name, volumes }: Config,
): ServiceMount {
  const volume = volumes[source];
  const named = volume?.external ? (volume.name ?? source) : objectName(name, source);
  return {
    type: type === 'bind' ? 'bind' : 'volume',
    source: type === 'bind' ? source : named,
    target,
    read_only,
    ...(nocopy && { nocopy }),
  };
}

function filesOf(
  section: 'secrets' | 'configs',
  { entry, files = [] }: Wanted,
  { contents }: Parts,
): ServiceFile[] {
  const [uid = 0, gid = 0] = (entry.user ?? '').split(':').map((each) => Number(each) || 0);
  const declared = (entry[section] ?? []).flatMap((each) => {
    const resource = contents.get(`${section}.${each.source}`);
    if (!resource) return [];
    const { target, mode } = each;
    const owner = { uid: each.uid ?? uid, gid: each.gid ?? gid };
    return [{ source: resource.spec.id, target, mode, ...owner }];
  });
  const more = files
    .filter(({ kind }) => `${kind}s` === section)
    .map(({ resource, target }) => ({ source: resource.spec.id, target, mode: 0o444 }));
  return [...declared, ...more];
}

function limitsOf({ limits }: ContainerEntry): ServiceSpec['limits'] {
  const { memory, memory_reservation, cpus, pids } = limits;
  return {
    ...(memory !== undefined && { memory }),
    ...(memory_reservation !== undefined && { memory_reservation }),
    ...(cpus !== undefined && { cpus }),
    pids,
  };
}

/** Only what Docker can run; the image's own check is Docker's default. */
function healthOf(entry: ContainerEntry): ServiceSpec['healthcheck'] {
  const { healthcheck, image_health = {} } = entry;
  if (healthcheck) return 'exec' in healthcheck ? healthcheck : 'none';
  if ('disable' in image_health) return 'none';
  if (Object.keys(image_health).length === 0) return undefined;
  // to Docker, no test and 0 stand for those of the image
  const inherited = { exec: [], interval: 0, timeout: 0, retries: 0, start_period: 0 };
  return { ...inherited, on_failure: 'restart', ...image_health };
}
