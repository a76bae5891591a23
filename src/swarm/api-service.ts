import type { ApiService } from '../host/cluster.js';
import type { Json } from '../model/json.js';
import { labelsOf, type ServiceSpec } from '../model/swarm.js';

/** Docker counts CPUs and times in billionths. */
const NANO = 1e9;
const NANOS_PER_MS = 1e6;

/**
 * A service as Docker's API has it (ServiceSpec of Docker Engine API 1.41). It has no virtual address:
 * its name stands for the addresses of its tasks, which works without IPVS, too.
 *
 * @param image with its digest, if that is known
 */
export function toApi(address: string, spec: ServiceSpec, image: string): ApiService {
  const { id, stack, replicas, networks, publish, update, placement } = spec;
  return {
    Name: id,
    Labels: labelsOf(stack, address),
    TaskTemplate: defined({
      ContainerSpec: containerOf(spec, image, labelsOf(stack, address)),
      Resources: resourcesOf(spec),
      RestartPolicy: restartOf(spec),
      Placement: placement && {
        Constraints: placement.constraints,
        Preferences: placement.spread.map((SpreadDescriptor) => ({ Spread: { SpreadDescriptor } })),
        ...(placement.max_per_node !== undefined && { MaxReplicas: placement.max_per_node }),
      },
      Networks: Object.entries(networks).map(([Target, Aliases]) => ({ Target, Aliases })),
      LogDriver: { Name: 'json-file', Options: { 'max-size': String(spec.log_size) } },
    }),
    Mode: replicas === 'per node' ? { Global: {} } : { Replicated: { Replicas: replicas } },
    UpdateConfig: updateOf(update),
    RollbackConfig: updateOf({ ...update, failure_action: 'pause' }),
    EndpointSpec: {
      Mode: 'dnsrr',
      Ports: publish.map(({ published, target, protocol = 'tcp' }) => ({
        ...{
          Protocol: protocol,
          TargetPort: target,
          PublishedPort: published,
          PublishMode: 'host',
        },
      })),
    },
  };
}

function containerOf(spec: ServiceSpec, image: string, labels: Record<string, string>): Json {
  return defined({
    Image: image,
    Labels: { ...spec.labels, ...labels },
    Command: spec.entrypoint,
    Args: spec.command,
    Env: Object.entries(spec.environment).map(([name, value]) => `${name}=${value}`),
    User: spec.user,
    Groups: spec.group_add,
    Dir: spec.working_dir,
    Hostname: spec.hostname,
    StopSignal: spec.stop_signal,
    StopGracePeriod: spec.stop_grace_period * NANOS_PER_MS,
    Init: spec.init,
    TTY: spec.tty,
    OpenStdin: spec.stdin_open,
    ReadOnly: spec.read_only || undefined,
    CapabilityAdd: spec.cap_add,
    CapabilityDrop: spec.cap_drop,
    Sysctls: spec.sysctls,
    Ulimits: Object.entries(spec.ulimits).map(([Name, { soft, hard }]) => ({
      ...{ Name, Soft: soft, Hard: hard },
    })),
    Hosts: spec.extra_hosts.map((each) => {
      const [name, address] = each.split('=');
      return `${address} ${name}`;
    }),
    DNSConfig: { Nameservers: spec.dns, Search: spec.dns_search, Options: spec.dns_opt },
    Mounts: [...spec.volumes.map(mountOf), ...spec.tmpfs.map(tmpfsOf)],
    Secrets: spec.secrets.map((each) => ({ SecretName: each.source, File: fileOf(each) })),
    Configs: spec.configs.map((each) => ({ ConfigName: each.source, File: fileOf(each) })),
    Healthcheck: healthOf(spec.healthcheck),
  });
}

function resourcesOf({ limits }: ServiceSpec): Json {
  const { memory, memory_reservation, cpus, pids } = limits;
  return {
    Limits: defined({
      MemoryBytes: memory,
      NanoCPUs: cpus === undefined ? undefined : Math.round(cpus * NANO),
      Pids: pids,
    }),
    Reservations: defined({ MemoryBytes: memory_reservation }),
  };
}

function restartOf({ restart: { name, max } }: ServiceSpec): Json {
  const condition = { no: 'none', always: 'any', 'on-failure': 'on-failure' }[name];
  return defined({ Condition: condition, MaxAttempts: max });
}

function updateOf({ order, parallelism, monitor, failure_action }: ServiceSpec['update']): Json {
  return {
    Parallelism: parallelism,
    FailureAction: failure_action,
    Monitor: Math.max(monitor, SHORTEST_MONITOR) * NANOS_PER_MS,
    Order: order,
  };
}

/** Milliseconds: less, and Docker takes 0 for its default, or a task that cannot start for one that has. */
const SHORTEST_MONITOR = 1000;

function mountOf({
  type,
  source,
  target,
  read_only,
  nocopy,
}: ServiceSpec['volumes'][number]): Json {
  return {
    ...{ Type: type, Source: source, Target: target, ReadOnly: read_only },
    ...(nocopy && { VolumeOptions: { NoCopy: true } }),
  };
}

/** `/run:size=64M,mode=1777,ro`, of which Docker knows size, mode and ro. */
function tmpfsOf(text: string): Json {
  const [target = '', words = ''] = text.split(':');
  const options = new Map(
    words.split(',').map((each): [string, string] => {
      const [name = '', value = ''] = each.split('=');
      return [name, value];
    }),
  );
  const [size, mode] = [bytesOf(options.get('size')), options.get('mode')];
  return {
    ...{ Type: 'tmpfs', Target: target, ReadOnly: options.has('ro') },
    TmpfsOptions: defined({
      SizeBytes: size,
      Mode: mode === undefined ? undefined : Number.parseInt(mode, 8),
    }),
  };
}

/** `64M`, as mount(8) takes it. */
function bytesOf(text: string | undefined): number | undefined {
  const [, digits, unit = ''] = /^(\d+)([kmg]?)$/i.exec(text ?? '') ?? [];
  if (digits === undefined) return undefined;
  return Number(digits) * 1024 ** ['', 'k', 'm', 'g'].indexOf(unit.toLowerCase());
}

const fileOf = ({ target, mode, uid = 0, gid = 0 }: ServiceSpec['secrets'][number]): Json => ({
  ...{ Name: target, UID: String(uid), GID: String(gid), Mode: mode },
});

function healthOf(check: ServiceSpec['healthcheck']): Json | undefined {
  if (check === undefined) return undefined;
  if (check === 'none' || !('exec' in check)) return { Test: ['NONE'] };
  const { exec, interval, timeout, retries, start_period } = check;
  return {
    ...(exec.length > 0 && { Test: ['CMD', ...exec] }),
    Interval: interval * NANOS_PER_MS,
    Timeout: timeout * NANOS_PER_MS,
    Retries: retries,
    StartPeriod: start_period * NANOS_PER_MS,
  };
}

function defined(values: { [key: string]: Json | undefined }): { [key: string]: Json } {
  const set = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as { [key: string]: Json };
}
