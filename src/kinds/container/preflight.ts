import type { Preconditions } from '../../host/ports.js';
import { formatBytes } from '../../model/format.js';
import { cgroupPath, type InstallPaths } from '../../model/install-paths.js';
import { OWN_DISK } from '../../model/limits.js';
import type { ContainerSpec, MountSpec } from '../../model/specs.js';
import type { Obstacle, Preflight } from '../kind.js';

/** What a start, or limits that are changed in place, would fail at. */
export const preflight: Preflight<ContainerSpec> = {
  action: 'start',
  // whether it runs is not declared in a file
  declared: (spec) => ({ ...spec, stopped: null }),
  obstacles(spec, { verbs, host, paths }) {
    if (verbs.has('container.start') || verbs.has('container.disk')) {
      const egress = spec.egress && host.egressProblem(verbs.has('container.disk'));
      const forwarder =
        spec.master && verbs.has('container.disk') ? host.udpForwarderProblem() : undefined;
      const resolver =
        spec.resolver && verbs.has('container.disk') ? host.resolverProblem() : undefined;
      return [
        { at: [], cause: egress },
        { at: [], cause: forwarder },
        { at: [], cause: resolver },
        ...startObstacles(spec, host, paths),
      ];
    }
    if (verbs.has('container.files')) return fileObstacles(spec, host);
    return verbs.has('container.limits') ? limitObstacles(spec, host, paths) : [];
  },
  warnings: (planned, host) =>
    planned.flatMap(({ address, mode, spec }) => {
      const swappiness = mode === 'put' && spec.limits?.memory_swappiness !== undefined;
      if (!swappiness || host.controller('memory') === 1) return [];
      return [{ address, text: 'limits.memory_swappiness has no effect with cgroup v2' }];
    }),
};

function startObstacles(spec: ContainerSpec, host: Preconditions, paths: InstallPaths): Obstacle[] {
  const { mounts, sysctls, runtime, init, wasm } = spec;
  const labels = (['apparmor', 'selinux'] as const).flatMap((kind) => {
    const label = spec[kind];
    return label === undefined ? [] : [{ at: [kind], cause: host.labelProblem(kind, label) }];
  });
  return [
    ...mounts.map((mount, index) => ({
      at: ['volumes', index],
      cause: sourceProblem(mount, host, paths),
    })),
    ...fileObstacles(spec, host),
    ...ioObstacles(spec, host, paths),
    { at: [spec.seccomp ? 'seccomp' : 'security'], cause: host.securityProblem(spec) },
    ...labels,
    ...Object.entries(sysctls).map(([name, value]) => ({
      at: ['sysctls', name],
      cause: host.sysctlProblem(name, value),
    })),
    ...(runtime === undefined ? [] : [{ at: ['runtime'], cause: host.runtimeProblem(runtime) }]),
    ...(wasm ? [{ at: ['wasm'], cause: host.wasmProblem(runtime ?? 'crun', wasm) }] : []),
    ...(init ? [{ at: ['init'], cause: host.initProblem() }] : []),
    ...execObstacles(spec),
  ];
}

function fileObstacles(spec: ContainerSpec, host: Preconditions): Obstacle[] {
  return (['secrets', 'configs'] as const).flatMap((section) =>
    (spec[section] ?? []).map((file, index) => ({
      at: [section, index],
      cause: host.memoryFileProblem(spec.id, { ...file, section }),
    })),
  );
}

function sourceProblem(
  { source, create, subpath }: MountSpec,
  host: Preconditions,
  paths: InstallPaths,
): string | undefined {
  if (!source.startsWith(`${paths.root}/`)) {
    return create ? host.newFolderProblem(source) : host.bindSourceProblem(source);
  }
  // our own folders are created earlier in the same plan
  if (subpath === undefined || host.bindSourceProblem(source) !== undefined) return undefined;
  return host.bindSourceProblem(`${source}/${subpath}`);
}

function ioObstacles(
  { limits: { io = [] } }: ContainerSpec,
  host: Preconditions,
  { root }: InstallPaths,
): Obstacle[] {
  // a volume is made and mounted earlier in the same plan
  const isOurs = (device: string) => device === OWN_DISK || device.startsWith(`${root}/`);
  return io.flatMap(({ device }, index) =>
    isOurs(device) || host.isBlockDevice(device)
      ? []
      : [{ at: ['limits', 'io', index], cause: `${device} is not a block device of this host` }],
  );
}

/** Cgroup v1 rejects a limit below current usage, and v2 kills processes. */
function limitObstacles(spec: ContainerSpec, host: Preconditions, paths: InstallPaths): Obstacle[] {
  const { memory, pids } = spec.limits;
  const held = host.unreclaimable(cgroupPath(paths, spec.id)) ?? { memory: 0, pids: 0 };
  const found = ioObstacles(spec, host, paths);
  if (memory !== undefined && held.memory > memory) {
    const cause = `${formatBytes(memory)} is less than the ${formatBytes(held.memory)} that it uses now`;
    found.push({ at: ['limits', 'memory'], cause });
  }
  if (held.pids > pids) {
    const cause = `${pids} is less than the ${held.pids} that run now`;
    found.push({ at: ['limits', 'pids'], cause });
  }
  return found;
}

/**
 * Maximum size of one argument or variable with its terminator: MAX_ARG_STRLEN of linux/binfmts.h.
 */
const ONE = 131_072;
/**
 * Maximum size of all of them, with a pointer each: a quarter of the usual stack limit (execve(2),
 * "Limits on size of arguments and environment").
 */
const ALL = 2 * 1024 ** 2;
const POINTER = 8;

/** Arguments and variables that are well-formed but that the kernel would reject. */
function execObstacles({ args, environment }: ContainerSpec): Obstacle[] {
  const words = [
    ...args.map((text, index) => ({ at: ['command'], name: `argument ${index}`, text })),
    ...Object.entries(environment).map(([name, value]) => ({
      at: ['environment', name],
      name: `variable ${name}`,
      text: `${name}=${value}`,
    })),
  ];
  const sizes = words.map(({ text }) => Buffer.byteLength(text) + 1);
  const long = words.flatMap(({ at, name, text }, index) => {
    if (text.includes('\0')) return [{ at, cause: `${name} holds a NUL character` }];
    if ((sizes[index] ?? 0) <= ONE) return [];
    const limit = `the kernel takes ${ONE - 1} at most`;
    return [{ at, cause: `${name} has ${(sizes[index] ?? 1) - 1} bytes: ${limit}` }];
  });
  if (long.length > 0) return long;
  const total = sizes.reduce((sum, each) => sum + each + POINTER, 0);
  if (total <= ALL) return [];
  const cause = `command and environment have ${total} bytes together: the kernel takes ${ALL} at most`;
  return [{ at: [], cause }];
}
