import { resolve } from 'node:path';
import type { Path } from '../../config/document.js';
import { CAPABILITIES } from '../../config/linux-constants.js';
import { suggest } from '../../config/suggest.js';
import { NAME } from '../../model/address.js';
import type {
  ContainerEntry,
  FarmEntry,
  IoLimit,
  MountEntry,
  RestartPolicy,
} from '../../model/config.js';
import type { DeviceRule } from '../../model/devices.js';
import { OWN_DISK } from '../../model/limits.js';
import { SIGNAL_NAMES, signalName } from '../../model/signals.js';
import { proxyOf, updateOf } from './farm.js';
import type {
  Container,
  Farm,
  Io,
  Limits,
  Mount,
  DeviceRule as RawRule,
  Ulimits,
} from './file.gen.js';
import { healthCheckOf, imageHealthOf } from './health.js';
import { attachmentsOf, publishOf } from './network.js';
import {
  argumentsOf,
  defined,
  durationOf,
  mapEntries,
  pairsOf,
  type Reading,
  sizeOf,
  userOf,
} from './values.js';

const LOG_SIZE = 10 * 1024 ** 2;

export function containerOf(raw: Container, path: Path, reading: Reading): ContainerEntry {
  const at = (key: string) => [...path, key];
  const capabilities = (key: 'cap_add' | 'cap_drop') =>
    (raw[key] ?? []).map((each, i) => capabilityOf(each, [...path, key, i], reading));
  return defined({
    image: raw.image,
    entrypoint: argumentsOf(raw.entrypoint, at('entrypoint'), reading),
    command: argumentsOf(raw.command, at('command'), reading),
    // One of its kind bears the entry's bare name, whether `replicas: 1` is written or not.
    replicas: raw.replicas === 1 ? undefined : raw.replicas,
    bridges: attachmentsOf(raw.bridges),
    volumes: (raw.volumes ?? []).map((each, i) => mountOf(each, [...path, 'volumes', i], reading)),
    publish: publishOf(raw.publish, at('publish'), reading),
    environment: pairsOf(raw.environment, at('environment'), reading),
    user: userOf(raw.user, [...path, 'user'], reading),
    working_dir: raw.working_dir,
    limits: limitsOf(raw.limits ?? {}, at('limits'), reading),
    restart: restartOf(raw.restart ?? 'always'),
    healthcheck: healthCheckOf(raw, path, reading),
    image_health: imageHealthOf(raw, path, reading),
    heal: raw.heal ?? 'cron',
    depends_on: dependenciesOf(raw.depends_on),
    stop_signal: signalOf(raw.stop_signal, at('stop_signal'), reading),
    stop_grace_period: durationOf(raw.stop_grace_period ?? '10s', at('stop_grace_period'), reading),
    protect: raw.protect ?? false,
    security: raw.security ?? 'default',
    userns: raw.userns === 'auto' ? raw.userns : undefined,
    seccomp: seccompOf(raw.seccomp, reading),
    apparmor: raw.apparmor,
    selinux: raw.selinux,
    cap_add: capabilities('cap_add'),
    cap_drop: capabilities('cap_drop'),
    read_only: raw.read_only ?? false,
    tmpfs: [raw.tmpfs ?? []].flat(),
    sysctls: pairsOf(raw.sysctls, at('sysctls'), reading),
    ulimits: ulimitsOf(raw.ulimits),
    hostname: raw.hostname,
    dns: raw.dns ?? [],
    labels: pairsOf(raw.labels, at('labels'), reading),
    runtime: raw.runtime,
    logs: {
      max_size: sizeOf(raw.logs?.max_size, [...path, 'logs', 'max_size'], reading) ?? LOG_SIZE,
    },
  });
}

export function farmOf({ servers, proxy, update }: Farm, path: Path, reading: Reading): FarmEntry {
  const { port, ...server } = servers;
  const { container, options } = proxyOf(proxy, reading);
  return {
    servers: { ...containerOf(server, [...path, 'servers'], reading), port },
    proxy: {
      ...containerOf(container, [...path, 'proxy'], reading),
      ...options,
    },
    update: updateOf(update, [...path, 'update'], reading),
  };
}

function seccompOf(raw: string | undefined, { directory }: Reading): string | undefined {
  return raw === undefined || raw === 'unconfined' ? raw : resolve(directory, raw);
}

function limitsOf(raw: Limits, path: Path, reading: Reading): ContainerEntry['limits'] {
  return defined({
    memory: sizeOf(raw.memory, [...path, 'memory'], reading),
    cpus: raw.cpus,
    cpu_shares: raw.cpu_shares,
    cpuset: raw.cpuset === undefined ? undefined : String(raw.cpuset),
    pids: raw.pids ?? 2048,
    io: raw.io?.map((each, i) => ioOf(each, [...path, 'io', i], reading)),
    devices: raw.devices?.map(ruleOf),
    net_class: raw.net_class,
  });
}

function ioOf(raw: Io, path: Path, reading: Reading): IoLimit {
  return defined({
    device: raw.device ?? OWN_DISK,
    read_bps: sizeOf(raw.read_bps, [...path, 'read_bps'], reading),
    write_bps: sizeOf(raw.write_bps, [...path, 'write_bps'], reading),
    read_iops: raw.read_iops,
    write_iops: raw.write_iops,
  });
}

function ruleOf({ allow, deny }: RawRule): DeviceRule {
  return allow === undefined ? { deny: inOrder(deny ?? '') } : { allow: inOrder(allow) };
}

/** The access letters once each, as the kernel has them. */
function inOrder(rule: string): string {
  const [type, numbers, access = ''] = rule.split(' ');
  return [type, numbers, [...'rwm'].filter((each) => access.includes(each)).join('')].join(' ');
}

function restartOf(raw: string): RestartPolicy {
  const [name, max] = raw.split(':');
  return defined({
    name: name as RestartPolicy['name'],
    max: max === undefined ? undefined : Number(max),
  });
}

function dependenciesOf(raw: Container['depends_on'] = []): ContainerEntry['depends_on'] {
  const entries = Array.isArray(raw) ? Object.fromEntries(raw.map((name) => [name, null])) : raw;
  return mapEntries(entries, (entry) => ({ condition: entry?.condition ?? 'service_started' }));
}

function signalOf(
  raw: string | number | undefined,
  path: Path,
  { problems }: Reading,
): string | undefined {
  if (raw === undefined) return undefined;
  const text = String(raw);
  const name = signalName(text);
  if (name !== undefined) return name;
  const meant = text.toUpperCase().replace(/^(?!SIG)/, 'SIG');
  problems.atValue(path, `unknown signal ${JSON.stringify(raw)}`, () =>
    suggest(meant, SIGNAL_NAMES),
  );
  return undefined;
}

function capabilityOf(raw: string, path: Path, { problems }: Reading): string {
  if (raw === 'ALL') return raw;
  const name = raw.startsWith('CAP_') ? raw : `CAP_${raw}`;
  if (!CAPABILITIES.has(name)) {
    problems.atValue(path, `unknown capability ${JSON.stringify(raw)}`, () =>
      suggest(name, CAPABILITIES),
    );
  }
  return name;
}

function ulimitsOf(raw: Ulimits | undefined): ContainerEntry['ulimits'] {
  return mapEntries(raw, (limit) =>
    typeof limit === 'number' ? { soft: limit, hard: limit } : limit,
  );
}

/** `SOURCE:TARGET[:ro]`, or its long form. A source with a slash or a dot first is on the host. */
export function mountOf(raw: Mount, path: Path, { problems, directory }: Reading): MountEntry {
  const { source, target, read_only = false } = typeof raw === 'string' ? partsOf(raw) : raw;
  if (NAME.test(source)) return { type: 'volume', source, target, read_only };
  if (!/^[./]/.test(source)) {
    problems.atValue(
      path,
      `${JSON.stringify(source)} is neither a volume nor a path`,
      'a path on the host begins with "/" or "./"',
    );
  }
  return { type: 'bind', source: resolve(directory, source), target, read_only };
}

function partsOf(text: string): { source: string; target: string; read_only: boolean } {
  const [source = '', target = '', mode] = text.split(':');
  return { source, target, read_only: mode === 'ro' };
}
