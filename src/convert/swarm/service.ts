import type { Path } from '../../config/document.js';
import type { ContainerEntry, FarmEntry, FileReference } from '../../model/config.js';
import {
  type ContainerRows,
  covered,
  type Losses,
  lost,
  lostEvenFalse,
  type Rows,
  translate,
} from '../rows.js';
import { capability, duration, idsOf, NOT_GRANTED, type Stack, tmpfsOf } from '../stack.js';

/** A service of a stack file: what `docker stack deploy` reads of the Compose file format 3.9. */
export interface Service {
  [key: string]: unknown;
  networks?: Record<string, { aliases: string[] } | null>;
  volumes?: Mount[];
  secrets?: Reference[];
  configs?: Reference[];
  cap_drop?: string[];
  deploy: {
    [key: string]: unknown;
    resources?: { limits?: Record<string, unknown>; reservations?: Record<string, unknown> };
  };
}

export interface Mount {
  type: 'volume' | 'bind' | 'tmpfs';
  source?: string;
  target: string;
  read_only?: true;
  volume?: { nocopy: true };
  tmpfs?: { size: number };
}

export interface Reference {
  source: string;
  target: string;
  mode?: number;
  uid?: string;
  gid?: string;
}

/** A container, or the servers or the proxy of a farm. */
export function serviceOf(entry: ContainerEntry, path: Path, stack: Stack): Service {
  const made: Service = {
    image: stack.image(entry.image, [...path, 'image']),
    // by the addresses of its tasks: a virtual one needs IPVS in the kernel of every node
    deploy: { replicas: 1, endpoint_mode: 'dnsrr' },
  };
  translate(entry, ROWS, made, path, stack.losses);
  const { uid, gid } = idsOf(entry.user);
  for (const each of [...(made.secrets ?? []), ...(made.configs ?? [])]) {
    if (uid !== undefined) each.uid ??= String(uid);
    if (gid !== undefined) each.gid ??= String(gid);
  }
  if (!made.networks) {
    stack.losses.note(
      path,
      `${path.join('.')} joins the stack's default network: no service is without one`,
    );
  }
  entry.publish?.forEach((each, index) => {
    const { host_ip, replica, published, last, proxy_protocol, target, socket_activation } = each;
    const at = [...path, 'publish', entry.publish?.[index]?.at ?? index];
    if (!['0.0.0.0', '::'].includes(host_ip)) {
      stack.losses.lose(at, `the port is open on every address, not on ${host_ip} alone`);
    }
    if (last !== undefined) stack.losses.lose(at, `only port ${published} is tried`);
    if (proxy_protocol) stack.losses.lose(at, 'clients reach the container themselves');
    if (replica !== undefined) stack.losses.lose(at, 'all tasks publish the same port');
    if (socket_activation !== undefined) {
      const why = `a task inherits no sockets: its program must listen on port ${target}`;
      stack.losses.lose(at, why);
    }
  });
  return made;
}

/** How servers are replaced. */
export function updateConfig(update: FarmEntry['update'], path: Path, losses: Losses) {
  const made: Record<string, unknown> = {};
  translate(update, UPDATE, made, path, losses);
  return made;
}

const UPDATE: Rows<FarmEntry['update'], Record<string, unknown>> = {
  order: (value, made) => Object.assign(made, { order: value }),
  parallelism: (value, made) => Object.assign(made, { parallelism: value }),
  drain: lost('a task is stopped at once, and has its stop_grace_period for requests in flight'),
  monitor: (value, made) => value > 0 && Object.assign(made, { monitor: duration(value) }),
  failure_action: (value, made) => Object.assign(made, { failure_action: value }),
};

const SHARED = 'a service shares no namespace';
const OF_HOST = 'a service has no such setting';
const SNAPSHOTS = 'there are no snapshots';

const set =
  <Value>(key: string) =>
  (value: Value, made: Service) => {
    made[key] = value;
  };

const ROWS: ContainerRows<Service> = {
  image: covered,
  entrypoint: set('entrypoint'),
  command: set('command'),
  replicas: (value, made) => {
    made.deploy.replicas = value;
  },
  bridges: (value, made, at, losses) => {
    const names = Object.entries(value);
    if (names.length === 0) return;
    made.networks = Object.fromEntries(
      names.map(([name, { aliases, address, address6, mac, port_security }]) => {
        const path = [...at, name];
        if (address ?? address6)
          losses.lose([...path, address ? 'address' : 'address6'], 'tasks get theirs from Swarm');
        if (mac) losses.lose([...path, 'mac'], 'tasks get theirs from Swarm');
        if (port_security === false) losses.lose([...path, 'port_security'], OF_HOST);
        return [name, aliases.length > 0 ? { aliases } : null];
      }),
    );
  },
  network_mode: (value, _made, at, losses) => value !== 'none' && losses.lose(at, SHARED),
  pid: lost(SHARED),
  ipc: (value, _made, at, losses) => value !== 'private' && losses.lose(at, SHARED),
  volumes: (value, made, at, losses) => {
    for (const [index, each] of value.entries()) {
      const place = [...at, each.at ?? index];
      if (each.type === 'config') continue;
      if (each.subpath !== undefined)
        losses.lose(place, `all of the volume is mounted, not only ${each.subpath}`);
      if (each.create)
        losses.lose(place, `${each.source} is not created: it must be there on every node`);
      add(made, {
        type: each.type,
        source: each.source,
        target: each.target,
        ...(each.read_only && { read_only: true }),
        ...(each.nocopy && { volume: { nocopy: true } }),
      });
    }
  },
  secrets: (value, made) => {
    made.secrets = value.map(referenceOf);
  },
  configs: (value, made) => {
    made.configs = value.map(referenceOf);
  },
  on_change: lost('another content is another secret or config, which replaces the tasks'),
  publish: (value, made) => {
    made.ports = value.map(({ target, published, protocol = 'tcp' }) => ({
      target,
      ...(published > 0 && { published }),
      protocol,
      // on the node itself: clients keep their addresses, and no virtual address is needed
      mode: 'host',
    }));
  },
  environment: (value, made) => {
    if (Object.keys(value).length > 0) made.environment = value;
  },
  user: set('user'),
  group_add: lost(OF_HOST),
  working_dir: set('working_dir'),
  devices: lost('a service has no devices'),
  limits: ({ memory, memory_reservation, cpus, pids, ...others }, made, at, losses) => {
    made.deploy.resources = {
      limits: {
        ...(cpus !== undefined && { cpus: String(cpus) }),
        ...(memory !== undefined && { memory: String(memory) }),
        pids,
      },
      ...(memory_reservation !== undefined && {
        reservations: { memory: String(memory_reservation) },
      }),
    };
    for (const key of Object.keys(others)) losses.lose([...at, key], OF_HOST);
  },
  restart: ({ name, max }, made) => {
    const condition = { always: 'any', no: 'none', 'on-failure': 'on-failure' }[name];
    made.deploy.restart_policy = { condition, ...(max !== undefined && { max_attempts: max }) };
  },
  healthcheck: (value, made, at, losses) => {
    const { interval, timeout, retries, start_period, start_interval, on_failure } = value;
    if (!('exec' in value)) {
      const key = 'tcp' in value ? 'tcp' : 'http';
      return losses.lose([...at, key], 'a check is a command inside the container: give exec');
    }
    made.healthcheck = {
      test: ['CMD', ...value.exec],
      interval: duration(interval),
      timeout: duration(timeout),
      retries,
      start_period: duration(start_period),
    };
    if (start_interval !== undefined) losses.lose([...at, 'start_interval'], 'it is the interval');
    if (on_failure !== 'restart')
      losses.lose([...at, 'on_failure'], 'an unhealthy task is replaced');
  },
  image_health: (value, made, at, losses) => {
    const place = [...at.slice(0, -1), 'healthcheck'];
    if ('disable' in value) made.healthcheck = { disable: true };
    else losses.lose(place, "only a check with a test has times of its own: the image's stay");
  },
  heal: covered,
  depends_on: lost('services start in any order: what needs another one must wait for it itself'),
  init: set('init'),
  tty: set('tty'),
  stdin_open: set('stdin_open'),
  post_start: lost('nothing runs inside a task after its start'),
  pre_stop: lost('nothing runs inside a task before its end'),
  pre_snapshot: lost(SNAPSHOTS),
  snapshot_on_change: lost(SNAPSHOTS),
  post_snapshot: lost(SNAPSHOTS),
  stop_signal: set('stop_signal'),
  stop_grace_period: (value, made) => {
    made.stop_grace_period = duration(value);
  },
  protect: lost('nothing there is protected from its removal'),
  security: (value, made, at, losses) => {
    made.cap_drop = [...NOT_GRANTED];
    if (value === 'restricted') {
      made.cap_drop = ['ALL'];
      made.cap_add = ['NET_BIND_SERVICE'];
    }
    if (value === 'unconfined') losses.lose(at, 'a service stays confined');
  },
  userns: (value, _made, at, losses) => value === 'auto' && losses.lose(at, OF_HOST),
  seccomp: lost(OF_HOST),
  apparmor: lost(OF_HOST),
  selinux: lost(OF_HOST),
  cap_add: (value, made) => {
    const added = value.map(capability);
    const before = (made.cap_add as string[] | undefined) ?? [];
    if (added.length > 0) made.cap_add = [...new Set([...before, ...added])];
    const dropped = (made.cap_drop ?? []).filter((each) => !added.includes(each));
    if (dropped.length > 0 && !added.includes('ALL')) made.cap_drop = dropped;
    else delete made.cap_drop;
  },
  cap_drop: (value, made) => {
    const all = [...new Set([...(made.cap_drop ?? []), ...value.map(capability)])];
    if (all.length > 0) made.cap_drop = all;
  },
  read_only: (value, made) => {
    if (!value) return;
    made.read_only = true;
    for (const target of ['/run', '/tmp']) add(made, { type: 'tmpfs', target });
  },
  tmpfs: (value, made, at, losses) => {
    for (const [index, text] of value.entries()) {
      const { target, size, others } = tmpfsOf(text);
      if (others.length > 0) losses.lose([...at, index], `${others.join(',')} of ${target}`);
      made.volumes = (made.volumes ?? []).filter((each) => each.target !== target);
      add(made, { type: 'tmpfs', target, ...(size !== undefined && { tmpfs: { size } }) });
    }
  },
  shm_size: (size, made) => add(made, { type: 'tmpfs', target: '/dev/shm', tmpfs: { size } }),
  sysctls: (value, made) => {
    if (Object.keys(value).length > 0) made.sysctls = value;
  },
  ulimits: (value, made) => {
    if (Object.keys(value).length > 0) made.ulimits = value;
  },
  oom_score_adj: lost(OF_HOST),
  hostname: set('hostname'),
  domainname: lost(OF_HOST),
  extra_hosts: (value, made, at, losses) => {
    const known = value.filter(({ address }) => address !== 'host-gateway');
    if (known.length < value.length) losses.lose(at, 'host-gateway is no address of a node');
    if (known.length > 0) made.extra_hosts = known.map(({ name, address }) => `${name}:${address}`);
  },
  dns: (value, made) => {
    if (value.length > 0) made.dns = value;
  },
  dns_search: set('dns_search'),
  dns_opt: lost(OF_HOST),
  egress: lostEvenFalse('an overlay network has one way out for all'),
  labels: (value, made) => {
    if (Object.keys(value).length > 0) made.labels = value;
  },
  annotations: lost(OF_HOST),
  placement: ({ constraints, spread, max_per_node, each_node }, made) => {
    const { constraints: others = [] } = (made.deploy.placement ?? {}) as {
      constraints?: string[];
    };
    made.deploy.placement = {
      constraints: [...others, ...constraints],
      preferences: spread.map((each) => ({ spread: each })),
      ...(max_per_node !== undefined && { max_replicas_per_node: max_per_node }),
    };
    if (each_node) made.deploy.mode = 'global';
  },
  platform: (value, made) => {
    const [os, arch] = value.split('/');
    const constraints = [`node.platform.os == ${os}`];
    if (arch) constraints.push(`node.platform.arch == ${ARCHITECTURES[arch] ?? arch}`);
    made.deploy.placement = { constraints };
  },
  runtime: lost('the nodes choose theirs'),
  wasm: lost('no runtime of the nodes has it'),
  logs: ({ max_size }, made, at, losses) => {
    // the driver that takes it; that of the nodes otherwise
    if (!losses.said(at)) return;
    made.logging = { driver: 'json-file', options: { 'max-size': String(max_size) } };
  },
  develop: lost('it is for development'),
};

/** As uname(2) has them. */
const ARCHITECTURES: Readonly<Record<string, string>> = { amd64: 'x86_64', arm64: 'aarch64' };

function add(made: Service, mount: Mount): void {
  made.volumes = [...(made.volumes ?? []), mount];
}

function referenceOf({ source, target, mode, uid, gid }: FileReference): Reference {
  return {
    source,
    target,
    mode,
    ...(uid !== undefined && { uid: String(uid) }),
    ...(gid !== undefined && { gid: String(gid) }),
  };
}
