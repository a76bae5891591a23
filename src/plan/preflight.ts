import type { Preconditions } from '../host/ports.js';
import type { Address } from '../model/address.js';
import { UserError } from '../model/errors.js';
import { formatBytes } from '../model/format.js';
import { cgroupPath, type InstallPaths } from '../model/install-paths.js';
import { equal } from '../model/json.js';
import { OWN_DISK } from '../model/limits.js';
import type { Plan, Unit } from '../model/plan.js';
import type { Resource, Row } from '../model/resource.js';
import type { BridgeSpec, ContainerSpec } from '../model/specs.js';

type Path = readonly (string | number)[];

/** Why a resource cannot be started or changed as planned. */
export interface Obstacle {
  /** Relative to its entry in the file: `['volumes', 0]`. */
  at: Path;
  cause: string;
}

interface Input {
  resources: readonly Resource[];
  rows: readonly Row[];
  paths: InstallPaths;
  /** The prefix of an error message: the position in the file, or `cannot create container web`. */
  where: (resource: Resource, at: Path) => string;
}

/**
 * Finds everything that would fail only after something running has been stopped. Obstacles to what
 * the file declares reject the whole plan, each with its position. Obstacles to resources that are
 * only restored as recorded block these units: they fail without being touched, and everything else
 * is done.
 *
 * @throws UserError
 */
export function preflight(plan: Plan, host: Preconditions, input: Input): Plan {
  const resourceOf = new Map(input.resources.map((each) => [each.address, each]));
  const problems: string[] = [];
  const blocked = new Map<Address, string>();
  const freed = freedLinks(plan);
  for (const unit of plan.units) {
    if (unit.mode !== 'put') continue;
    const obstacles = [
      ...obstaclesOf(unit, host, input.paths),
      ...subnetObstacles(unit, host, input.rows, freed),
    ];
    const resource = resourceOf.get(unit.address);
    if (obstacles.length === 0) continue;
    if (!resource || isRecorded(unit, input.rows)) {
      blocked.set(unit.address, obstacles.map(({ cause }) => cause).join('; '));
    } else {
      problems.push(...obstacles.map(({ at, cause }) => `${input.where(resource, at)}: ${cause}`));
    }
  }
  if (problems.length > 0) throw new UserError([...new Set(problems)]);
  const warned = withForwarding(plan, host);
  return blocked.size === 0 ? warned : withBlocked(warned, blocked);
}

/** Warns once if a new bridge gives its containers a route to the host's other networks. */
function withForwarding(plan: Plan, host: Preconditions): Plan {
  const bridge = plan.units.find(
    ({ mode, kind, spec }) =>
      mode === 'put' && kind === 'bridge' && (spec as BridgeSpec).host !== undefined,
  );
  if (!bridge || !host.forwards()) return plan;
  const { address } = bridge;
  const text = `has a route out: this host forwards packets (ip_forward is 1), so containers on it reach the host’s other networks; see baleine doctor`;
  return { ...plan, warnings: [...(plan.warnings ?? []), { address, text }] };
}

function withBlocked(plan: Plan, blocked: ReadonlyMap<Address, string>): Plan {
  const units = plan.units.map((unit) => {
    const cause = blocked.get(unit.address);
    const purpose = `${unit.kind === 'bridge' ? 'make' : 'start'} ${unit.address}`;
    return cause === undefined ? unit : { ...unit, blocked: `cannot ${purpose}: ${cause}` };
  });
  const warnings = [...blocked].map(([address, cause]) => ({
    address,
    text: `would fail and is left as it is: ${cause}`,
  }));
  return { ...plan, units, warnings: [...(plan.warnings ?? []), ...warnings] };
}

/** Whether its spec is as recorded, except for whether it runs. */
function isRecorded({ kind, name, spec }: Unit, rows: readonly Row[]): boolean {
  const row = rows.find((each) => each.kind === kind && each.name === name);
  if (!row) return false;
  const [before, after] = [row.spec, spec].map((each) => ({ ...(each as object), stopped: null }));
  return equal(before, after);
}

function obstaclesOf(unit: Unit, host: Preconditions, paths: InstallPaths): Obstacle[] {
  const verbs = new Set(unit.steps.map(({ verb }) => verb));
  if (verbs.has('bridge.ensure')) return bridgeObstacles(unit.spec as BridgeSpec, host);
  const spec = unit.spec as ContainerSpec;
  if (verbs.has('container.start') || verbs.has('container.disk')) {
    return startObstacles(spec, host, paths);
  }
  return verbs.has('container.limits') ? limitObstacles(spec, host, paths) : [];
}

function bridgeObstacles({ uplink, link }: BridgeSpec, host: Preconditions): Obstacle[] {
  return uplink === undefined ? [] : found(['uplink'], host.uplinkProblem(uplink, link));
}

/**
 * Links whose subnet this plan frees: bridges that change or are deleted, and their uplinks, which
 * are on the same network.
 */
function freedLinks({ units }: Plan): ReadonlySet<string> {
  const specs = units.flatMap(({ kind, spec }) => (kind === 'bridge' ? [spec as BridgeSpec] : []));
  return new Set(specs.flatMap(({ link, uplink }) => [link, ...(uplink ? [uplink] : [])]));
}

/**
 * Only checked if the subnet or the host's address on it changes: what is recorded was there first.
 */
function subnetObstacles(
  { kind, name, spec }: Unit,
  host: Preconditions,
  rows: readonly Row[],
  freed: ReadonlySet<string>,
): Obstacle[] {
  if (kind !== 'bridge') return [];
  const after = spec as BridgeSpec;
  const row = rows.find((each) => each.kind === kind && each.name === name);
  const before = row?.spec as BridgeSpec | undefined;
  const isSame = before?.subnet === after.subnet && before?.host === after.host;
  return isSame ? [] : found(['subnet'], host.subnetProblem(after, freed));
}

function startObstacles(spec: ContainerSpec, host: Preconditions, paths: InstallPaths): Obstacle[] {
  const { mounts, sysctls, runtime } = spec;
  const labels = (['apparmor', 'selinux'] as const).flatMap((kind) => {
    const label = spec[kind];
    return label === undefined ? [] : found([kind], host.labelProblem(kind, label));
  });
  return [
    ...mounts.flatMap(({ source }, index) =>
      // our own folders are created earlier in the same plan
      source.startsWith(`${paths.root}/`)
        ? []
        : found(['volumes', index], host.bindSourceProblem(source)),
    ),
    ...ioObstacles(spec, host),
    ...found([spec.seccomp ? 'seccomp' : 'security'], host.securityProblem(spec)),
    ...labels,
    ...Object.entries(sysctls).flatMap(([name, value]) =>
      found(['sysctls', name], host.sysctlProblem(name, value)),
    ),
    ...(runtime === undefined ? [] : found(['runtime'], host.runtimeProblem(runtime))),
    ...execObstacles(spec),
  ];
}

function ioObstacles({ limits: { io = [] } }: ContainerSpec, host: Preconditions): Obstacle[] {
  return io.flatMap(({ device }, index) =>
    device === OWN_DISK || host.isBlockDevice(device)
      ? []
      : [{ at: ['limits', 'io', index], cause: `${device} is not a block device of this host` }],
  );
}

/** Cgroup v1 rejects a limit below current usage, and v2 kills processes. */
function limitObstacles(spec: ContainerSpec, host: Preconditions, paths: InstallPaths): Obstacle[] {
  const { memory, pids } = spec.limits;
  const held = host.unreclaimable(cgroupPath(paths, spec.id)) ?? { memory: 0, pids: 0 };
  const found = ioObstacles(spec, host);
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

const found = (at: Path, cause: string | undefined): Obstacle[] =>
  cause === undefined ? [] : [{ at, cause }];

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
export function execObstacles({
  args,
  environment,
}: Pick<ContainerSpec, 'args' | 'environment'>): { at: (string | number)[]; cause: string }[] {
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
