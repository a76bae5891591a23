import type { KeyToPath, Probe, Volume } from 'kubernetes-types/core/v1.js';
import type { Path } from '../../config/document.js';
import type { ContainerEntry, FileReference, HealthCheck, Hook } from '../../model/config.js';
import {
  type ContainerRows,
  covered,
  type Losses,
  lost,
  lostEvenFalse,
  translate,
} from '../rows.js';
import { idsOf, type Stack, tmpfsOf } from '../stack.js';
import type { Names } from './names.js';
import { BRIDGE, escaped, inMemory, mount, NAME, PART_OF, type Pod, seconds } from './pod.js';
import { SECURITY_ROWS } from './security.js';

/** The pod of a container, of servers, of a proxy or of a job. */
export function podOf(
  name: string,
  entry: ContainerEntry,
  path: Path,
  stack: Stack,
  names: Names,
): Pod {
  const label = names.of('workload', name);
  const container: Pod['container'] = {
    name: label,
    image: stack.image(entry.image, [...path, 'image']),
    volumeMounts: [],
  };
  const made: Pod = {
    container,
    // as elsewhere: no account of the cluster, and no variables for its services
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      containers: [container],
      volumes: [],
    },
    labels: { [NAME]: label, [PART_OF]: names.of('stack', stack.config.name) },
    annotations: {},
    names,
  };
  if (label !== name) {
    stack.losses.note(path, `${name} is ${label} there: others reach it by that name`);
  }
  const image = stack.config.images[entry.image];
  const pull = image?.external ? undefined : image?.pull;
  if (pull) container.imagePullPolicy = PULL[pull];
  translate(entry, ROWS, made, path, stack.losses);
  // volumes are root's: those of another user are its group's, too
  const { uid = 0, gid = uid } = idsOf(entry.user);
  if (uid !== 0 && made.spec.volumes.some(isOwned)) {
    made.spec.securityContext = { ...made.spec.securityContext, fsGroup: gid };
  }
  return made;
}

/** Whether the user of a container would have to own it. */
const isOwned = ({ persistentVolumeClaim, secret, configMap }: Volume) =>
  persistentVolumeClaim !== undefined ||
  [secret?.items, configMap?.items].some((items = []) => items.some(isPrivate));

const isPrivate = ({ mode = 0o444 }: KeyToPath) => (mode & 0o004) === 0;

const PULL = { always: 'Always', missing: 'IfNotPresent', never: 'Never' } as const;

const KERNEL = 'a pod has no such setting';
const SHARED = 'a pod shares namespaces only among its own containers';
const SNAPSHOTS = 'there are no snapshots';
const ADDRESSES = 'pods have addresses of the cluster';

const ROWS: ContainerRows<Pod> = {
  ...SECURITY_ROWS,
  image: covered,
  entrypoint: (value, { container }) => {
    container.command = value.map(escaped);
  },
  command: (value, { container }) => {
    container.args = value.map(escaped);
  },
  replicas: covered,
  bridges: (value, { labels, names }, at, losses) => {
    for (const [bridge, { address, address6, mac, port_security }] of Object.entries(value)) {
      labels[`${BRIDGE}${names.of('bridge', bridge)}`] = 'true';
      if (address) losses.lose([...at, bridge, 'address'], ADDRESSES);
      if (address6) losses.lose([...at, bridge, 'address6'], ADDRESSES);
      if (mac) losses.lose([...at, bridge, 'mac'], ADDRESSES);
      if (port_security === false) losses.lose([...at, bridge, 'port_security'], ADDRESSES);
    }
  },
  network_mode: (value, _pod, at, losses) => value !== 'none' && losses.lose(at, SHARED),
  pid: lost(SHARED),
  ipc: (value, _pod, at, losses) => value !== 'private' && losses.lose(at, SHARED),
  volumes: (value, pod, at, losses) => {
    for (const [index, each] of value.entries()) {
      const place = [...at, each.at ?? index];
      const options = {
        ...(each.read_only && { readOnly: true as const }),
        ...(each.subpath !== undefined && { subPath: each.subpath }),
      };
      if (each.type === 'bind') {
        const type = each.create ? 'DirectoryOrCreate' : '';
        mount(pod, each.target, { hostPath: { path: each.source, type } }, options);
        losses.note(place, `${each.source} is a path of the node that the pod runs on`);
      } else if (each.type === 'volume') {
        const claimName = pod.names.of('volume', each.source);
        mount(pod, each.target, { persistentVolumeClaim: { claimName } }, options);
        const what = `what the image has at ${each.target} is not copied into a new volume`;
        if (!each.nocopy) losses.lose(place, what);
      }
    }
  },
  secrets: (value, pod, at, losses) => {
    for (const [index, each] of value.entries()) {
      const secretName = pod.names.of('secrets', each.source);
      const items = itemsOf(each, [...at, index], losses);
      mount(pod, each.target, { secret: { secretName, items } }, FILE);
    }
  },
  configs: (value, pod, at, losses) => {
    for (const [index, each] of value.entries()) {
      const name = pod.names.of('configs', each.source);
      const items = itemsOf(each, [...at, index], losses);
      mount(pod, each.target, { configMap: { name, items } }, FILE);
    }
  },
  on_change: (value, _pod, at, losses) =>
    value !== 'restart' &&
    losses.lose(at, 'another content is another Secret or ConfigMap, which replaces the pods'),
  publish: covered,
  environment: (value, { container }, at, losses) => {
    const all = Object.entries(value).flatMap(([name, text]) => {
      if (VARIABLE.test(name)) return [{ name, value: escaped(text) }];
      losses.lose([...at, name], 'a variable has letters, digits, - _ and . alone');
      return [];
    });
    if (all.length > 0) container.env = all;
  },
  working_dir: (value, { container }) => {
    container.workingDir = value;
  },
  devices: lost('a device needs a plugin of the cluster'),
  limits: ({ memory, memory_reservation, cpus, cpu_shares, ...others }, pod, at, losses) => {
    const limits = {
      ...(cpus !== undefined && { cpu: String(cpus) }),
      ...(memory !== undefined && { memory: String(memory) }),
    };
    const requests = {
      // a share of 1024 is that of a whole CPU
      ...(cpu_shares !== undefined && { cpu: `${Math.ceil((cpu_shares * 1000) / 1024)}m` }),
      ...(memory_reservation !== undefined && { memory: String(memory_reservation) }),
    };
    const resources = {
      ...(Object.keys(limits).length > 0 && { limits }),
      ...(Object.keys(requests).length > 0 && { requests }),
    };
    if (Object.keys(resources).length > 0) pod.container.resources = resources;
    for (const key of Object.keys(others)) losses.ifSaid([...at, key], KERNEL);
  },
  restart: covered,
  healthcheck: (value, { container }, at, losses) => {
    const probe = probeOf(value, at, losses);
    container.readinessProbe = probe;
    if (value.on_failure === 'restart') container.livenessProbe = probe;
    if (value.on_failure === 'stop')
      losses.lose([...at, 'on_failure'], 'an unhealthy container is not stopped');
    if (value.start_period > 0) {
      const period = value.start_interval ?? value.interval;
      const failureThreshold = Math.ceil(value.start_period / period) + value.retries;
      container.startupProbe = { ...probe, periodSeconds: seconds(period), failureThreshold };
    }
  },
  image_health: (value, _pod, at, losses) => {
    if ('disable' in value) return;
    losses.lose(
      [...at.slice(0, -1), 'healthcheck'],
      'the check of an image does not run: give a test',
    );
  },
  heal: covered,
  depends_on: lost('pods start in any order: what needs another one must wait for it itself'),
  init: lost('the image must have an init'),
  tty: (value, { container }) => {
    container.tty = value;
  },
  stdin_open: (value, { container }) => {
    container.stdin = value;
  },
  post_start: (value, { container }, at, losses) => {
    container.lifecycle = {
      ...container.lifecycle,
      postStart: { exec: execOf(value, at, losses) },
    };
  },
  pre_stop: (value, { container }, at, losses) => {
    container.lifecycle = { ...container.lifecycle, preStop: { exec: execOf(value, at, losses) } };
  },
  pre_snapshot: lost(SNAPSHOTS),
  snapshot_on_change: lost(SNAPSHOTS),
  post_snapshot: lost(SNAPSHOTS),
  stop_signal: lost('a pod is stopped by the signal of its image'),
  stop_grace_period: (value, { spec }) => {
    spec.terminationGracePeriodSeconds = seconds(value);
  },
  protect: lost('nothing there is protected from its removal'),
  tmpfs: (value, pod, at, losses) => {
    for (const [index, text] of value.entries()) {
      const { target, size, others } = tmpfsOf(text);
      if (others.length > 0) losses.lose([...at, index], `${others.join(',')} of ${target}`);
      mount(pod, target, inMemory(size));
    }
  },
  shm_size: (value, pod) => mount(pod, '/dev/shm', inMemory(value)),
  ulimits: (value, _pod, at, losses) => {
    for (const name of Object.keys(value)) losses.lose([...at, name], KERNEL);
  },
  oom_score_adj: lost(KERNEL),
  hostname: (value, { spec }, at, losses) => {
    if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(value)) spec.hostname = value;
    else losses.lose(at, 'the name of a pod has small letters, digits and - alone');
  },
  domainname: lost('pods are in the domain of the cluster'),
  extra_hosts: (value, { spec }, at, losses) => {
    const byAddress = new Map<string, string[]>();
    for (const { name, address } of value) {
      if (address === 'host-gateway') losses.lose(at, 'host-gateway is no address of a node');
      else byAddress.set(address, [...(byAddress.get(address) ?? []), name]);
    }
    const aliases = [...byAddress].map(([ip, hostnames]) => ({ ip, hostnames }));
    if (aliases.length > 0) spec.hostAliases = aliases;
  },
  dns: (value, { spec }) => {
    if (value.length > 0) spec.dnsConfig = { ...spec.dnsConfig, nameservers: value };
  },
  dns_search: (value, { spec }) => {
    const searches = value.filter((each) => each !== '.');
    if (searches.length > 0) spec.dnsConfig = { ...spec.dnsConfig, searches };
  },
  dns_opt: (value, { spec }) => {
    const options = value.map((each) => {
      const [name = '', text] = each.split(':');
      return text === undefined ? { name } : { name, value: text };
    });
    spec.dnsConfig = { ...spec.dnsConfig, options };
  },
  egress: lostEvenFalse('the policies of its bridges decide'),
  labels: (value, { labels, annotations }, at, losses) => {
    for (const [key, text] of Object.entries(value)) {
      if (!KEY.test(key)) losses.lose([...at, key], 'a label has no such name');
      else if (LABEL.test(text) && !(key in labels)) labels[key] = text;
      else annotations[key] = text;
    }
  },
  annotations: (value, { annotations }, at, losses) => {
    for (const [key, text] of Object.entries(value)) {
      if (KEY.test(key)) annotations[key] = text;
      else losses.lose([...at, key], 'an annotation has no such name');
    }
  },
  platform: (value, { spec }) => {
    const [os = 'linux', arch] = value.split('/');
    spec.nodeSelector = { 'kubernetes.io/os': os, ...(arch && { 'kubernetes.io/arch': arch }) };
  },
  runtime: lost('the nodes choose theirs'),
  wasm: lost('it needs a runtimeClassName of the cluster'),
  placement: lost('it is in the words of a swarm: write nodeSelector or affinity'),
  logs: lost('the nodes rotate logs by their own settings'),
  develop: lost('it is for development'),
};

const VARIABLE = /^[-._A-Za-z][-._A-Za-z0-9]*$/;

/** Syntax of labels: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/ */
const LABEL = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;
const KEY =
  /^([a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

/** The file alone, not the folder that it is in. */
const FILE = { readOnly: true, subPath: 'content' } as const;

function itemsOf({ source, mode, uid, gid }: FileReference, at: Path, losses: Losses) {
  if (uid !== undefined) losses.lose([...at, 'uid'], "the file is root's");
  if (gid !== undefined) losses.lose([...at, 'gid'], "the file is root's");
  return [{ key: source, path: FILE.subPath, mode }];
}

function probeOf(value: HealthCheck, at: Path, losses: Losses): Probe {
  const times = {
    periodSeconds: Math.max(1, seconds(value.interval)),
    timeoutSeconds: Math.max(1, seconds(value.timeout)),
    failureThreshold: value.retries,
  };
  if ('tcp' in value) return { tcpSocket: { port: value.tcp }, ...times };
  if ('exec' in value) return { exec: { command: value.exec }, ...times };
  const { port, path, status } = value.http;
  if (status !== '200-399') losses.lose([...at, 'http', 'status'], '200 to 399 count as healthy');
  return { httpGet: { port, path }, ...times };
}

/** A pod has one command each. */
function execOf(hooks: Hook[], at: Path, losses: Losses): { command: string[] } {
  for (const [index, { user, working_dir, environment }] of hooks.entries()) {
    const others = Object.entries({ user, working_dir, environment });
    for (const [key, value] of others) {
      if (value !== undefined) losses.lose([...at, index, key], "the command has the container's");
    }
    if (index > 0) losses.lose([...at, index], 'there is one command: put them into a script');
  }
  return { command: hooks[0]?.command ?? [] };
}
