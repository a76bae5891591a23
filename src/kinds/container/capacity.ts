import type { Capacity } from '../../host/ports.js';
import type { Config, ContainerEntry, Limits } from '../../model/config.js';
import { entriesOf } from '../../model/config.js';
import { UserError } from '../../model/errors.js';
import { cpusOf, OWN_DISK, volumeOf } from '../../model/limits.js';

type Path = readonly (string | number)[];

/** The cgroup v1 name of the controller behind each limit. */
const CONTROLLERS = {
  memory: 'memory',
  memory_reservation: 'memory',
  memory_swap: 'memory',
  memory_swappiness: 'memory',
  cpus: 'cpu',
  cpu_shares: 'cpu',
  cpuset: 'cpuset',
  io: 'blkio',
  net_class: 'net_cls',
} as const;
const CONTROLLED = Object.keys(CONTROLLERS) as (keyof typeof CONTROLLERS)[];

/**
 * Rejects limits that this host cannot enforce, all at once and each with its position in the file:
 * a missing CPU or block device, a controller or namespace that the kernel lacks, or another platform.
 */
export function checkCapacity(config: Config, capacity: Capacity): void {
  const problems = entriesOf(config).flatMap(({ path, entry }) => [
    ...missingControllers(entry.limits, capacity, path),
    ...missingCpus(entry.limits, capacity, path),
    ...missingDisks(entry.limits, capacity, path),
    ...(entry.userns ? missingUserns(capacity, path) : []),
    ...missingLabels(entry, capacity, path),
    ...otherPlatform(entry, capacity, path),
  ]);
  if (problems.length === 0) return;
  const lines = problems.map(({ at, cause }) => `${config.where(at)}: ${cause}`);
  throw new UserError(lines, 'baleine doctor shows what the host has');
}

interface Problem {
  at: Path;
  cause: string;
}

function missingControllers(limits: Limits, capacity: Capacity, path: Path): Problem[] {
  return CONTROLLED.flatMap((name) => {
    if (limits[name] === undefined) return [];
    const controller = CONTROLLERS[name];
    const version = capacity.controller(controller);
    if (version !== undefined && (name !== 'net_class' || version === 1)) return [];
    const what = name === 'net_class' ? 'cgroup v1 controller net_cls' : `controller ${controller}`;
    return [
      { at: [...path, 'limits', name], cause: `this host has no ${what} for limits.${name}` },
    ];
  });
}

function missingLabels(
  labels: Pick<ContainerEntry, 'apparmor' | 'selinux'>,
  capacity: Capacity,
  path: Path,
): Problem[] {
  return (['apparmor', 'selinux'] as const).flatMap((kind) => {
    const label = labels[kind];
    const cause = label === undefined ? undefined : capacity.labelProblem(kind, label);
    return cause === undefined ? [] : [{ at: [...path, kind], cause }];
  });
}

function otherPlatform({ platform }: ContainerEntry, capacity: Capacity, path: Path): Problem[] {
  const cause = platform === undefined ? undefined : capacity.platformProblem(platform);
  return cause === undefined ? [] : [{ at: [...path, 'platform'], cause }];
}

function missingUserns(capacity: Capacity, path: Path): Problem[] {
  const cause = capacity.usernsProblem();
  return cause ? [{ at: [...path, 'userns'], cause: `no user namespace here: ${cause}` }] : [];
}

/** As in Docker. A quota above the number of CPUs would have no effect. */
function missingCpus({ cpus, cpuset }: Limits, capacity: Capacity, path: Path): Problem[] {
  if (cpus === undefined && cpuset === undefined) return [];
  const online = cpusOf(capacity.cpus());
  const absent = cpusOf(cpuset ?? '').filter((cpu) => !online.includes(cpu));
  const has = `this host has ${online.length} CPUs, ${capacity.cpus()}`;
  const problem = (name: string, cause: string) => ({ at: [...path, 'limits', name], cause });
  return [
    ...((cpus ?? 0) > online.length ? [problem('cpus', `cannot give ${cpus} CPUs: ${has}`)] : []),
    ...(absent.length > 0 ? [problem('cpuset', `no CPU ${absent.join(', ')}: ${has}`)] : []),
  ];
}

function missingDisks({ io = [] }: Limits, capacity: Capacity, path: Path): Problem[] {
  return io.flatMap(({ device }, index) =>
    device === OWN_DISK || volumeOf(device) !== undefined || capacity.isBlockDevice(device)
      ? []
      : [
          {
            at: [...path, 'limits', 'io', index],
            cause: `${device} is not a block device of this host`,
          },
        ],
  );
}
