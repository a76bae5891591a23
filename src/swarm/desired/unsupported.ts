import type { KeyEntries, KeyName } from '../../kinds/container/keys/types.js';
import type { Config, ContainerEntry } from '../../model/config.js';
import { entriesOf } from '../../model/config.js';
import type { Limits } from '../../model/container-values.js';
import { UserError } from '../../model/errors.js';

/** What a swarm makes of a value: all of it, nothing, or a reason to refuse it. */
type Verdict = { refused: string } | { ignored: string } | undefined;
type Judge<Value> = (value: NonNullable<Value>, entry: ContainerEntry) => Verdict | Verdict[];

const refused = (why: string) => () => ({ refused: why });
const ignored = (why: string) => () => ({ ignored: why });
const mapped = () => undefined;

const ONE_HOST = 'it is a matter of one host';

/** Every key of a container: one that is added without a word here does not compile. */
const KEYS: { [N in KeyName]-?: Judge<KeyEntries[N]> } = {
  image: mapped,
  entrypoint: mapped,
  command: mapped,
  replicas: mapped,
  bridges: (bridges) =>
    Object.values(bridges).flatMap(({ address, address6, mac, port_security }) => [
      (address ?? address6) ? { ignored: 'Docker chooses the addresses' } : undefined,
      mac === undefined ? undefined : { refused: 'Docker chooses the MAC addresses' },
      port_security === false ? { ignored: 'overlay networks have no port security' } : undefined,
    ]),
  network_mode: refused('a service shares no network of another'),
  pid: refused('a service shares no processes of another'),
  ipc: refused('a service shares no memory of another'),
  volumes: (mounts) =>
    mounts.map(({ subpath }) =>
      subpath === undefined ? undefined : { refused: 'Docker 20.10 mounts whole volumes only' },
    ),
  secrets: mapped,
  configs: mapped,
  on_change: ignored('a changed secret or config replaces the tasks'),
  publish: (ports, { replicas = 1 }) =>
    ports.map(({ host_ip, published, proxy_protocol, replica, socket_activation }) => {
      if (socket_activation !== undefined) return { refused: 'a task inherits no sockets' };
      if (proxy_protocol) return { refused: 'nothing there adds a PROXY header' };
      if (published === 0) return { refused: 'name the port of the node' };
      if (replica !== undefined) return { refused: 'all replicas publish the same port' };
      if (!['0.0.0.0', '::'].includes(host_ip)) {
        return { refused: `Docker publishes on all addresses of a node, not on ${host_ip} alone` };
      }
      return replicas > 1 ? { ignored: 'so there is at most one replica on a node' } : undefined;
    }),
  environment: mapped,
  user: mapped,
  group_add: mapped,
  working_dir: mapped,
  devices: refused('a service has no devices of a node'),
  limits: (limits) =>
    NO_LIMITS.map((each) =>
      limits[each] === undefined ? undefined : { refused: `a service has no limit ${each}` },
    ),
  restart: mapped,
  healthcheck: (check) =>
    'exec' in check
      ? undefined
      : {
          ignored:
            'Docker only runs commands inside: `exec`; a farm’s proxy asks its servers all the same',
        },
  heal: mapped,
  depends_on: ignored('it orders the plan; later restarts do not wait'),
  init: mapped,
  tty: mapped,
  stdin_open: mapped,
  post_start: refused('nothing there runs it'),
  pre_stop: refused('nothing there runs it'),
  pre_snapshot: refused('there are no snapshots of the volumes of nodes'),
  post_snapshot: refused('there are no snapshots of the volumes of nodes'),
  snapshot_on_change: refused('there are no snapshots of the disks of nodes'),
  stop_signal: mapped,
  stop_grace_period: mapped,
  protect: mapped,
  security: (security) =>
    security === 'default' ? undefined : { refused: 'a service has Docker’s profile' },
  userns: refused('whether user ids are mapped is a setting of each node'),
  seccomp: refused('Docker 20.10 has one profile for all services'),
  apparmor: refused('Docker 20.10 has one profile for all services'),
  selinux: refused('its labels are those of each node'),
  cap_add: mapped,
  cap_drop: mapped,
  read_only: mapped,
  tmpfs: mapped,
  shm_size: mapped,
  sysctls: mapped,
  ulimits: mapped,
  oom_score_adj: refused('a service has none'),
  hostname: mapped,
  domainname: refused('a service has none'),
  extra_hosts: (hosts) =>
    hosts.map(({ address }) =>
      address === 'host-gateway' ? { refused: 'a service has no address of its node' } : undefined,
    ),
  dns: mapped,
  dns_search: mapped,
  dns_opt: mapped,
  egress: ignored('services have a way out through their node'),
  labels: mapped,
  annotations: ignored(ONE_HOST),
  placement: ({ each_node }, { replicas = 1 }) =>
    each_node && replicas > 1
      ? { refused: 'each_node and replicas exclude each other' }
      : undefined,
  platform: ignored('images are made for the platform of this host'),
  runtime: refused('it is a setting of each node'),
  wasm: refused('a service has the runtime of its node'),
  logs: mapped,
  develop: mapped,
};

const NO_LIMITS = [
  ...(['memory_swap', 'memory_swappiness', 'cpu_shares', 'cpuset', 'io', 'devices'] as const),
  'net_class',
] as const satisfies readonly (keyof Limits)[];

/** What a swarm cannot have is refused, all of it at once; what has no effect there is a warning. */
export function judge(config: Config): string[] {
  const refusals: string[] = [];
  const warnings: string[] = [];
  const say = (path: readonly (string | number)[], name: string, verdict: Verdict) => {
    if (!verdict) return;
    const place = config.where(path);
    if ('refused' in verdict) {
      refusals.push(`${place}: a swarm cannot have ${name}: ${verdict.refused}`);
    } else warnings.push(`${place}: ${name} has no effect on a swarm: ${verdict.ignored}`);
  };
  for (const { path, entry } of entriesOf(config)) {
    for (const [name, judged] of Object.entries(KEYS)) {
      const value = entry[name as KeyName];
      if (value === undefined || isEmpty(value)) continue;
      const verdicts = [(judged as Judge<unknown>)(value, entry)].flat();
      const found = verdicts.find((each) => each && 'refused' in each) ?? verdicts.find(Boolean);
      say([...path, name], name, found);
    }
  }
  for (const { path, name, verdict } of otherVerdicts(config)) say(path, name, verdict);
  if (refusals.length > 0) {
    throw new UserError(
      refusals,
      'Change or remove them, or leave the stack to this host: engine: local',
    );
  }
  return warnings;
}

const isEmpty = (value: unknown) =>
  value === false ||
  (Array.isArray(value) && value.length === 0) ||
  (typeof value === 'object' && value !== null && Object.keys(value).length === 0);

interface Other {
  path: readonly string[];
  name: string;
  verdict: Verdict;
}

/** Of everything but containers. */
function otherVerdicts({ jobs = {}, bridges, volumes, images, farms }: Config): Other[] {
  const all: Other[] = Object.keys(jobs).map((name) => ({
    path: ['jobs', name],
    name: 'jobs',
    verdict: { refused: 'a service that ends is not started by a clock' },
  }));
  for (const [name, entry] of Object.entries(images)) {
    if (!entry.external) continue;
    const verdict = { refused: 'declare the image here, with `from:`' };
    all.push({ path: ['images', name, 'external'], name: 'an external image', verdict });
  }
  for (const [name, entry] of Object.entries(bridges)) {
    if (entry.external) continue;
    const { uplink, gateway, gateway6, subnet, subnet6, host, egress, dns, members } = entry;
    for (const [key, value] of Object.entries({ uplink, gateway, gateway6 })) {
      if (value === undefined) continue;
      all.push({ path: ['bridges', name, key], name: key, verdict: { refused: ONE_HOST } });
    }
    const chosen = 'Docker chooses the addresses';
    const harmless = { subnet: chosen, subnet6: chosen, host: ONE_HOST, egress: ONE_HOST };
    const values = { subnet, subnet6, host, egress, dns, members };
    for (const [key, value] of Object.entries(values)) {
      if (value === undefined || isEmpty(value)) continue;
      const why = (harmless as Record<string, string>)[key] ?? ONE_HOST;
      all.push({ path: ['bridges', name, key], name: key, verdict: { ignored: why } });
    }
  }
  for (const [name, entry] of Object.entries(volumes)) {
    if (entry.external) continue;
    for (const key of ['size', 'snapshots', 'backup', 'snapshot_on_change'] as const) {
      if ((entry as Record<string, unknown>)[key] === undefined) continue;
      const verdict = { refused: 'a volume there is a folder of the node that runs the task' };
      all.push({ path: ['volumes', name, key], name: key, verdict });
    }
  }
  for (const [name, { servers }] of Object.entries(farms)) {
    if (!servers.placement?.each_node) continue;
    const verdict = { refused: 'a proxy knows how many servers it has: set replicas' };
    const path = ['farms', name, 'servers', 'placement', 'each_node'];
    all.push({ path, name: 'each_node', verdict });
  }
  return all;
}
