import { KEYS } from '../../../kinds/container/keys/index.js';
import type { AnyKey, KeySpec } from '../../../kinds/container/keys/types.js';
import type { IdRange } from '../../../model/container-values.js';
import { UserError } from '../../../model/errors.js';
import type { OciPart, OciProcess, OciSeccomp, OciSpec } from '../../../model/oci.js';
import { requireDeviceNumber } from '../device-numbers.js';
import { capabilitiesOf } from './capabilities.js';
import type { HostFacts } from './host-facts.js';
import { rlimitsOf } from './host-facts.js';
import { bindDevice, type MountedFile, mountsOf, restoreFlags } from './mounts.js';
import { deviceNodes, ownNodes, resourcesOf } from './resources.js';
import type { User } from './users.js';

/** The parts of a container's configuration that are not in its spec. */
export interface BundleContext {
  /** The mounted disk. */
  rootfs: string;
  /** An existing user namespace, and the disk's mount point with its id mapping. */
  userns?: { ids: IdRange; path: string; root: string };
  /** Relative to every hierarchy's root. */
  cgroup: string;
  /** Path of a network namespace, or `host`; absent: a new empty one. */
  netns?: string;
  /** Paths of existing namespaces that it joins; absent: new ones. */
  pid?: string;
  ipc?: string;
  /** The /dev/shm that it shares; `none` for none, absent for its own. */
  shm?: string;
  /** Its user owns its devices, and it may enter the namespaces among its files: a way out. */
  opensTap?: boolean;
  /** Terminal of its first process; absent for none. */
  terminal?: Terminal;
  /** Bind mounts include their submounts. */
  recursive?: boolean;
  /** The runtime drops the flags of the disk's mount. */
  dropsFlags?: boolean;
  /** Host files that are bind-mounted read-only, by path inside: /etc/hosts, secrets and so on. */
  files: Record<string, MountedFile>;
  user: User;
  host: HostFacts;
  /** The seccomp filter for a set of capabilities; undefined for none. */
  seccomp: (capabilities: string[]) => OciSeccomp | undefined;
}

/** A terminal with its initial size, if known. */
export interface Terminal {
  consoleSize?: { height: number; width: number };
}

/** The parts of a spec that config.json needs; disk, links and logs are handled elsewhere. */
export type ProcessSpec = Partial<KeySpec> &
  Pick<
    KeySpec,
    | 'args'
    | 'cap_add'
    | 'cap_drop'
    | 'environment'
    | 'hostname'
    | 'limits'
    | 'mounts'
    | 'read_only'
    | 'security'
    | 'sysctls'
    | 'tmpfs'
    | 'ulimits'
    | 'working_dir'
  >;

export const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The bundle's config.json with secure defaults: few capabilities, no new privileges, a system call
 * filter, a private /dev, and no access to the host.
 *
 * @throws UserError for impossible combinations, such as root in a `restricted` container
 */
export function configJson(spec: ProcessSpec, context: BundleContext): OciSpec {
  const capabilities = capabilitiesOf(spec, context.host.capabilities);
  const unconfined = spec.security === 'unconfined';
  const { uid, gid } = context.user;
  const nodes = context.userns ? [] : ownNodes(spec.devices);
  const devices = deviceNodes(spec.limits.devices, spec.devices)
    .map((each) => (context.opensTap ? { ...each, uid, gid, fileMode: 0o600 } : each))
    .concat(nodes);
  // a runtime cannot make a node in a user namespace
  const binds = context.userns ? (spec.devices ?? []).map(bindDevice) : [];
  // a read-only disk loses them again; that of a user namespace cannot
  const flags =
    context.dropsFlags && !context.userns && !spec.read_only ? [restoreFlags(context.rootfs)] : [];
  const filter = context.seccomp(capabilities);
  const seccomp = filter && context.opensTap ? withSetns(filter) : filter;
  const config: OciSpec = {
    ociVersion: '1.0.2',
    root: { path: context.userns?.root ?? context.rootfs, readonly: true },
    hostname: spec.hostname,
    process: processOf(spec, context, capabilities),
    mounts: [...flags, ...mountsOf(spec, context.files, context.recursive, context.shm), ...binds],
    linux: {
      namespaces: namespacesOf(context),
      ...(context.userns && mappingsOf(context.userns.ids)),
      cgroupsPath: context.cgroup,
      ...(devices.length > 0 && { devices }),
      resources: resourcesOf(spec.limits, context.host.swapLimit, (device) =>
        requireDeviceNumber(device, context.rootfs),
      ),
      sysctl: {
        ...networkDefaults(spec, context),
        ...checkedSysctls(spec.sysctls),
        ...domainOf(spec, context),
      },
      ...guardedPaths(unconfined, context.host.thermal),
      rootfsPropagation: 'private',
      ...(seccomp && { seccomp }),
    },
  };
  return PARTS.reduce((all, [attribute, part]) => {
    const value = spec[attribute];
    return value === undefined ? all : merged(all, part(value));
  }, config);
}

/** The parts of config.json that keys define, by attribute of the spec. */
const PARTS = Object.entries<AnyKey>(KEYS).flatMap(([name, { as = name, oci }]) =>
  oci ? [[as as keyof KeySpec, oci as (value: unknown) => OciPart] as const] : [],
);

/**
 * With setns(2), which the kernel grants to the owner of the namespaces without a capability; the
 * program then filters it itself.
 */
function withSetns(filter: OciSeccomp): OciSeccomp {
  const rule = { names: ['setns'], action: 'SCMP_ACT_ALLOW' };
  return { ...filter, syscalls: [...filter.syscalls, rule] };
}

function merged(config: OciSpec, part: OciPart): OciSpec {
  return {
    ...config,
    ...part,
    ...(part.annotations && { annotations: { ...config.annotations, ...part.annotations } }),
    root: { ...config.root, ...part.root },
    process: { ...config.process, ...part.process },
    linux: { ...config.linux, ...part.linux },
  };
}

function processOf(
  spec: ProcessSpec,
  { user, host, terminal, netns }: BundleContext,
  capabilities: string[],
): OciProcess {
  const { uid, gid, additionalGids, home } = user;
  if (spec.security === 'restricted' && uid === 0) {
    throw new UserError(
      'cannot run as root in a container with security: restricted',
      'Give it a user: "1000:1000"',
    );
  }
  const defaults = {
    PATH,
    HOSTNAME: spec.hostname,
    HOME: home,
    ...(terminal && { TERM: 'xterm' }),
  };
  const environment = { ...defaults, ...spec.environment };
  const keepsRights = netns === 'host' && uid !== 0;
  return {
    terminal: terminal !== undefined,
    ...terminal,
    user: { uid, gid, additionalGids },
    args: [],
    env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    cwd: '/',
    capabilities: {
      bounding: capabilities,
      permitted: capabilities,
      effective: capabilities,
      // on the host's network another user listens on low ports; everywhere else root alone has any
      inheritable: keepsRights ? capabilities : [],
      ambient: keepsRights ? capabilities : [],
    },
    rlimits: rlimitsOf(spec.ulimits, host.hardLimits),
    noNewPrivileges: true,
    oomScoreAdj: Math.max(0, host.oomScoreAdj),
  };
}

function namespacesOf(context: BundleContext): OciSpec['linux']['namespaces'] {
  const { netns, userns, pid, ipc } = context;
  return [
    { type: 'pid', ...(pid !== undefined && { path: pid }) },
    { type: 'ipc', ...(ipc !== undefined && { path: ipc }) },
    ...['uts', 'mount', 'cgroup'].map((type) => ({ type })),
    ...(userns ? [{ type: 'user', path: userns.path }] : []),
    ...(netns === 'host' ? [] : [{ type: 'network', ...(netns !== undefined && { path: netns }) }]),
  ];
}

/** Runtimes require the namespace's existing mappings. */
function mappingsOf({
  first,
  count,
}: IdRange): Pick<OciSpec['linux'], 'uidMappings' | 'gidMappings'> {
  const mapping = { containerID: 0, hostID: first, size: count };
  return { uidMappings: [mapping], gidMappings: [mapping] };
}

/** Paths in /proc and /sys that would show or change the host. */
const MASKED = [
  ...['acpi', 'asound', 'interrupts', 'kcore', 'keys', 'latency_stats', 'sched_debug', 'scsi'].map(
    (name) => `/proc/${name}`,
  ),
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
  '/sys/fs/selinux',
];

const READ_ONLY = ['bus', 'fs', 'irq', 'sys', 'sysrq-trigger'].map((name) => `/proc/${name}`);

/** @param thermal every existing /sys/devices/system/cpu/cpuN/thermal_throttle */
export function guardedPaths(unconfined: boolean, thermal: string[]) {
  if (unconfined) return { maskedPaths: [], readonlyPaths: [] };
  return { maskedPaths: [...MASKED, ...thermal], readonlyPaths: READ_ONLY };
}

/**
 * The domain of its UTS namespace, which has a key of its own only since version 1.1 of config.json.
 * Whose root is nobody on the host cannot write it; its files have it nevertheless.
 */
function domainOf({ domainname }: ProcessSpec, { userns }: BundleContext): Record<string, string> {
  return domainname === undefined || userns ? {} : { 'kernel.domainname': domainname };
}

/**
 * As under Docker: every user may listen below port 1024 and use ping(8), in its own network
 * namespace. The owner of a shared one has decided.
 */
function networkDefaults(
  { network }: ProcessSpec,
  { netns, userns }: BundleContext,
): Record<string, string> {
  if (netns === 'host' || network !== undefined) return {};
  return {
    'net.ipv4.ip_unprivileged_port_start': '0',
    // icmp(7): groups, of which 2³¹ - 1 is the highest
    'net.ipv4.ping_group_range': `0 ${userns ? userns.ids.count - 1 : 2 ** 31 - 1}`,
  };
}

/** Parameters that belong to a container's network or ipc namespace instead of the host. */
const NAMESPACED =
  /^(net\..+|fs\.mqueue\..+|kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced))$/;

/** @throws UserError for a parameter that would change the host */
export function checkedSysctls(sysctls: Record<string, string>): Record<string, string> {
  for (const name of Object.keys(sysctls)) {
    if (NAMESPACED.test(name) && !/[/\s]|\.\./.test(name)) continue;
    throw new UserError(
      `cannot set sysctl ${name} for one container: it belongs to the whole host`,
      'net.*, fs.mqueue.* and the kernel.msg*, kernel.shm* and kernel.sem of System V IPC can be set',
    );
  }
  return sysctls;
}
