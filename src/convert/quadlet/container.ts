import type { Path } from '../../config/document.js';
import type { ContainerEntry, FileReference, Hook } from '../../model/config.js';
import { inBrackets } from '../../model/publish.js';
import {
  type ContainerRows,
  covered,
  type Losses,
  lost,
  lostEvenFalse,
  translate,
} from '../rows.js';
import { capability, duration } from '../stack.js';
import { addRaw, argument, CONTAINER, type Draft, nameIn, SERVICE } from './draft.js';
import { writeLimits } from './limits.js';
import { list, raw, word, words } from './unit.js';

export function writeContainer(draft: Draft, entry: ContainerEntry, path: Path): void {
  const { unit, stack, name } = draft;
  unit.add('Unit', 'Description', raw(nameIn(stack, name)) ?? '');
  unit.add(CONTAINER, 'ContainerName', nameIn(stack, name));
  translate(entry, ROWS, draft, path, stack.losses);
  const isAlone = Object.keys(entry.bridges).length === 0 && entry.network_mode === undefined;
  if (isAlone) unit.add(CONTAINER, 'Network', 'none');
}

const plain =
  (key: string) =>
  (value: string, draft: Draft, at: Path, losses: Losses): void =>
    addRaw(draft, key, value, at, losses);

const pairs =
  (key: string) =>
  (value: Record<string, string>, { unit }: Draft): void => {
    for (const [name, text] of Object.entries(value))
      unit.add(CONTAINER, key, word(`${name}=${text}`));
  };

const SNAPSHOTS = 'there are no snapshots';

const ROWS: ContainerRows<Draft> = {
  image: covered,
  entrypoint: (value, { unit }) => unit.add(CONTAINER, 'Entrypoint', list(value)),
  command: (value, { unit }, at, losses) => {
    // of Podman 5.4, an empty word ends the list
    if (value.includes('')) losses.lose(at, 'an empty argument ends the command line');
    unit.add(CONTAINER, 'Exec', words(value));
  },
  replicas: covered,
  bridges: (value, draft, at, losses) => {
    for (const [bridge, { address, address6, mac, aliases, port_security }] of Object.entries(
      value,
    )) {
      const options = [
        ...(address ? [`ip=${address}`] : []),
        ...(address6 ? [`ip6=${address6}`] : []),
        ...(mac ? [`mac=${mac}`] : []),
        ...[...draft.aliases, ...aliases].map((each) => `alias=${each}`),
      ];
      const network = `${nameIn(draft.stack, bridge)}.network:${options.join(',')}`;
      draft.unit.add(CONTAINER, 'Network', network);
      if (port_security === false)
        losses.lose([...at, bridge, 'port_security'], 'Podman does not check addresses');
    }
  },
  network_mode: (value, draft) => {
    const [kind, other = ''] = value.split(':');
    const shared =
      kind === 'service' ? `${nameIn(draft.stack, firstOf(draft, other))}.container` : value;
    draft.unit.add(CONTAINER, 'Network', shared);
  },
  pid: (value, draft) => shares(draft, 'pid', value),
  ipc: (value, draft) => shares(draft, 'ipc', value),
  volumes: (value, draft, at, losses) => {
    for (const [index, each] of value.entries()) {
      const place = [...at, each.at ?? index];
      if (each.type === 'config') continue;
      const isVolume = each.type === 'volume';
      const source = isVolume ? `${nameIn(draft.stack, each.source)}.volume` : each.source;
      const options = [...(each.read_only ? ['ro'] : []), ...(each.nocopy ? ['nocopy'] : [])];
      if (each.create)
        draft.unit.add(SERVICE, 'ExecStartPre', `/usr/bin/mkdir -p -- ${word(each.source)}`);
      if (each.subpath !== undefined) {
        const mount = [
          'type=volume',
          `source=${source}`,
          `destination=${each.target}`,
          `subpath=${each.subpath}`,
        ];
        draft.unit.add(
          CONTAINER,
          'Mount',
          word([...mount, ...(each.read_only ? ['ro=true'] : [])].join(',')),
        );
      } else if (/:/.test(source + each.target)) {
        losses.lose(place, 'a colon in a path separates it from the next');
      } else {
        const text = [source, each.target, ...(options.length > 0 ? [options.join(',')] : [])].join(
          ':',
        );
        addRaw(draft, 'Volume', text, place, losses);
      }
    }
  },
  secrets: (value, { unit, stack, ids }) => {
    for (const { source, target, mode, uid = ids.uid, gid = ids.gid } of value) {
      const options = [
        nameIn(stack, source),
        'type=mount',
        `target=${target}`,
        `mode=${octal(mode)}`,
        ...(uid === undefined ? [] : [`uid=${uid}`]),
        ...(gid === undefined ? [] : [`gid=${gid}`]),
      ];
      unit.add(CONTAINER, 'Secret', word(options.join(',')));
    }
  },
  configs: (value, draft, at, losses) => {
    for (const [index, each] of value.entries()) {
      const file = draft.configs[each.source];
      if (file === undefined) continue;
      configLosses(each, [...at, index], losses);
      addRaw(draft, 'Volume', `${file}:${each.target}:ro`, [...at, index], losses);
    }
  },
  on_change: (value, _draft, at, losses) =>
    value !== 'restart' &&
    losses.lose(at, 'nothing follows a changed secret or config: restart the unit'),
  publish: (value, draft, at, losses) => {
    for (const [index, each] of value.entries()) {
      const {
        host_ip,
        published,
        last,
        target,
        protocol,
        proxy_protocol,
        only_ipv4,
        socket_activation,
      } = each;
      const place = [...at, each.at ?? index];
      const isAny = host_ip === '0.0.0.0' && !only_ipv4;
      const host = isAny ? '' : `${inBrackets(host_ip)}:`;
      const port = published > 0 ? `${published}:` : host && ':';
      draft.unit.add(CONTAINER, 'PublishPort', `${host}${port}${target}${protocol ? '/udp' : ''}`);
      if (last !== undefined) losses.lose(place, `only port ${published} is tried`);
      if (proxy_protocol)
        losses.lose([...place, 'proxy_protocol'], 'Podman forwards connections as they are');
      if (socket_activation !== undefined) {
        const why = `port ${target} is forwarded: its socket would be a unit of its own (systemd.socket(5))`;
        losses.lose([...place, 'socket_activation'], why);
      }
    }
  },
  environment: pairs('Environment'),
  user: (value, draft, at, losses) => {
    const [user = '', group = ''] = value.split(':');
    addRaw(draft, 'User', user || '0', at, losses);
    if (group !== '') addRaw(draft, 'Group', group, at, losses);
  },
  group_add: (value, draft, at, losses) => {
    for (const each of value) addRaw(draft, 'GroupAdd', String(each), at, losses);
  },
  working_dir: plain('WorkingDir'),
  devices: (value, { unit }) => {
    for (const { source, target, access } of value)
      unit.add(CONTAINER, 'AddDevice', word(`${source}:${target}:${access}`));
  },
  limits: (value, draft, at, losses) => writeLimits(value, draft, at, losses),
  restart: ({ name, max }, { unit }, at, losses) => {
    unit.add(SERVICE, 'Restart', name);
    // so that systemd's limit of 5 starts within 10 seconds is never reached
    if (name !== 'no') unit.add(SERVICE, 'RestartSec', '5s');
    if (max !== undefined) losses.lose(at, 'systemd does not give up after so many restarts');
  },
  healthcheck: (value, { unit }, at, losses) => {
    if (!('exec' in value)) {
      const key = 'tcp' in value ? 'tcp' : 'http';
      return losses.lose([...at, key], 'a check is a command inside the container: give exec');
    }
    unit.add(CONTAINER, 'HealthCmd', list(value.exec));
    unit.add(CONTAINER, 'HealthInterval', duration(value.interval));
    unit.add(CONTAINER, 'HealthTimeout', duration(value.timeout));
    unit.add(CONTAINER, 'HealthRetries', String(value.retries));
    unit.add(CONTAINER, 'HealthStartPeriod', duration(value.start_period));
    // systemd starts again what was killed
    const action = { restart: 'kill', stop: 'stop', none: 'none' }[value.on_failure];
    unit.add(CONTAINER, 'HealthOnFailure', action);
    if (value.start_interval !== undefined)
      losses.lose([...at, 'start_interval'], 'it is the interval');
  },
  image_health: (value, { unit }, at, losses) => {
    if ('disable' in value) return unit.add(CONTAINER, 'HealthCmd', 'none');
    losses.lose(
      [...at.slice(0, -1), 'healthcheck'],
      "only a check with a test has times of its own: the image's stay",
    );
  },
  heal: covered,
  depends_on: (value, draft) => {
    for (const [service, { required }] of Object.entries(value)) {
      const units = draft.unitsOf(service).map((each) => `${nameIn(draft.stack, each)}.service`);
      if (units.length === 0) continue;
      draft.unit.add('Unit', 'After', units.join(' '));
      draft.unit.add('Unit', required === false ? 'Wants' : 'Requires', units.join(' '));
    }
  },
  init: (value, { unit }) => value && unit.add(CONTAINER, 'RunInit', 'true'),
  tty: (value, draft) => value && argument(draft, '--tty'),
  stdin_open: (value, draft) => value && argument(draft, '--interactive'),
  post_start: (value, draft) => hooks(draft, 'ExecStartPost', '', value),
  // before the command that Quadlet adds, which stops the container; a failure changes nothing
  pre_stop: (value, draft) => hooks(draft, 'ExecStop', '-', value),
  pre_snapshot: lost(SNAPSHOTS),
  snapshot_on_change: lost(SNAPSHOTS),
  post_snapshot: lost(SNAPSHOTS),
  stop_signal: plain('StopSignal'),
  stop_grace_period: (value, { unit }) => {
    const seconds = Math.ceil(value / 1000);
    unit.add(CONTAINER, 'StopTimeout', String(seconds));
    unit.add(SERVICE, 'TimeoutStopSec', `${seconds + 10}s`);
  },
  protect: lost('nothing there is protected from its removal'),
  security: (value, { unit }) => {
    if (value === 'unconfined') {
      unit.add(CONTAINER, 'AddCapability', 'ALL');
      unit.add(CONTAINER, 'SeccompProfile', 'unconfined');
      unit.add(CONTAINER, 'SecurityLabelDisable', 'true');
      return;
    }
    unit.add(CONTAINER, 'NoNewPrivileges', 'true');
    if (value === 'restricted') {
      unit.add(CONTAINER, 'DropCapability', 'ALL');
      unit.add(CONTAINER, 'AddCapability', 'NET_BIND_SERVICE');
    }
  },
  userns: (value, { unit }) => value === 'auto' && unit.add(CONTAINER, 'UserNS', 'auto'),
  seccomp: (value, draft, at, losses) => {
    if (!draft.unit.has(CONTAINER, 'SeccompProfile'))
      addRaw(draft, 'SeccompProfile', value, at, losses);
  },
  apparmor: (value, draft) => argument(draft, '--security-opt', `apparmor=${value}`),
  selinux: (value, draft) => {
    const [user, role, type, ...level] = value.split(':');
    const parts = { user, role, type, level: level.join(':') };
    for (const [key, part] of Object.entries(parts)) {
      if (part) argument(draft, '--security-opt', `label=${key}:${part}`);
    }
  },
  cap_add: (value, { unit }) => unit.add(CONTAINER, 'AddCapability', ...value.map(capability)),
  cap_drop: (value, { unit }) => unit.add(CONTAINER, 'DropCapability', ...value.map(capability)),
  // with /run and /tmp in memory, as here
  read_only: (value, { unit }) => value && unit.add(CONTAINER, 'ReadOnly', 'true'),
  tmpfs: (value, draft, at, losses) => {
    for (const [index, each] of value.entries())
      addRaw(draft, 'Tmpfs', each, [...at, index], losses);
  },
  shm_size: (value, { unit }) => unit.add(CONTAINER, 'ShmSize', String(value)),
  sysctls: (value, { unit }) => {
    for (const [name, text] of Object.entries(value))
      unit.add(CONTAINER, 'Sysctl', word(`${name}=${text}`));
  },
  ulimits: (value, draft, at, losses) => {
    for (const [name, { soft, hard }] of Object.entries(value)) {
      addRaw(draft, 'Ulimit', `${name}=${soft}:${hard}`, [...at, name], losses);
    }
  },
  oom_score_adj: (value, draft) => argument(draft, `--oom-score-adj=${value}`),
  hostname: plain('HostName'),
  domainname: lost('Podman sets no domain'),
  extra_hosts: (value, draft, at, losses) => {
    for (const { name, address } of value)
      addRaw(draft, 'AddHost', `${name}:${address}`, at, losses);
  },
  dns: (value, { unit }) => unit.add(CONTAINER, 'DNS', ...value),
  dns_search: (value, { unit }) => unit.add(CONTAINER, 'DNSSearch', ...value),
  dns_opt: (value, { unit }) => unit.add(CONTAINER, 'DNSOption', ...value),
  egress: lostEvenFalse('its networks decide'),
  labels: pairs('Label'),
  annotations: pairs('Annotation'),
  platform: (value, draft) => argument(draft, `--platform=${value}`),
  runtime: (value, { unit }) => unit.add(CONTAINER, 'GlobalArgs', word(`--runtime=${value}`)),
  wasm: (engine, { unit }) => {
    const handler = engine === true ? 'wasm' : engine;
    unit.add(CONTAINER, 'Annotation', `run.oci.handler=${handler}`);
  },
  logs: ({ max_size }, { unit }, at, losses) => {
    if (!losses.said(at)) return;
    unit.add(CONTAINER, 'LogDriver', 'k8s-file');
    unit.add(CONTAINER, 'PodmanArgs', `--log-opt=max-size=${max_size}`);
  },
  placement: lost('there is one host'),
  develop: lost('it is for development'),
};

export const octal = (mode: number) => mode.toString(8).padStart(4, '0');

/** A file is mounted as it is. */
function configLosses({ mode, uid, gid }: FileReference, at: Path, losses: Losses): void {
  if (mode !== 0o444) losses.lose([...at, 'mode'], 'the file keeps its own');
  if (uid !== undefined) losses.lose([...at, 'uid'], 'the file keeps its owner');
  if (gid !== undefined) losses.lose([...at, 'gid'], 'the file keeps its owner');
}

/** Of a service with replicas, as the first one starts. */
const firstOf = ({ unitsOf }: Draft, service: string) => unitsOf(service)[0] ?? service;

function shares(draft: Draft, key: 'pid' | 'ipc', value: string): void {
  const [kind, other = ''] = value.split(':');
  if (kind !== 'service') {
    argument(draft, `--${key}=${value}`);
    return;
  }
  const name = nameIn(draft.stack, firstOf(draft, other));
  argument(draft, `--${key}=container:${name}`);
  draft.unit.add('Unit', 'After', `${name}.service`);
  draft.unit.add('Unit', 'BindsTo', `${name}.service`);
}

function hooks(
  { unit, stack, name }: Draft,
  key: string,
  prefix: string,
  all: readonly Hook[],
): void {
  for (const { command, user, working_dir, environment = {} } of all) {
    const options = [
      ...(user === undefined ? [] : [`--user=${user}`]),
      ...(working_dir === undefined ? [] : [`--workdir=${working_dir}`]),
      ...Object.entries(environment).map(([each, text]) => `--env=${each}=${text}`),
    ];
    const line = words([...options, nameIn(stack, name), ...command]);
    unit.add(SERVICE, key, `${prefix}/usr/bin/podman exec ${line}`);
  }
}
