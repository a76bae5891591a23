import { join } from 'node:path';
import { type Mount, mountsOf, readMountTable } from '../disks/mount-table.js';
import { readText } from '../files/read.js';

/** v1 names. On v2, blkio is called io, the runtime handles devices, and net_cls does not exist. */
export type Controller =
  | 'memory'
  | 'cpu'
  | 'cpuacct'
  | 'cpuset'
  | 'pids'
  | 'blkio'
  | 'devices'
  | 'net_cls';

export const nameOnV2 = (controller: string) => (controller === 'blkio' ? 'io' : controller);

/** Where the cgroup hierarchies are mounted. */
export interface Hierarchies {
  /** `hybrid`: both versions are mounted, and each controller belongs to one of them. */
  mode: 'v1' | 'hybrid' | 'v2' | 'none';
  /** Mount points of v1 hierarchies by controller; `cpu` and `cpuacct` may share one. */
  v1: Map<string, string>;
  /** All v1 mount points, including named hierarchies without controllers (`name=systemd`). */
  named: string[];
  /** Mount point of the v2 hierarchy. */
  unified?: string;
}

let known: Hierarchies | undefined;

/**
 * Read once: mount points do not change while we run, and the mount table is long.
 *
 * @param table result of `readMountTable`, if the caller already has it
 */
export function readHierarchies(table?: string): Hierarchies {
  known ??= hierarchiesOf(mountsOf('cgroup', table ?? readMountTable()));
  return known;
}

/** cgroups(7): the super options of a v1 mount list its controllers. */
export function hierarchiesOf(mounts: Mount[]): Hierarchies {
  const v1 = new Map<string, string>();
  const named = new Set<string>();
  for (const { type, path, options } of mounts) {
    if (type !== 'cgroup') continue;
    named.add(path);
    for (const option of options) if (!v1.has(option)) v1.set(option, path);
  }
  const unified = mounts.find(({ type }) => type === 'cgroup2')?.path;
  return {
    mode: modeOf(named.size > 0, unified),
    v1,
    named: [...named],
    ...(unified && { unified }),
  };
}

function modeOf(hasV1: boolean, unified: string | undefined): Hierarchies['mode'] {
  if (hasV1) return unified ? 'hybrid' : 'v1';
  return unified ? 'v2' : 'none';
}

/**
 * The folder that limits a cgroup (`/baleine/x`) through this controller, whether or not it exists,
 * and its cgroup version.
 */
export function controllerDir(
  hierarchies: Hierarchies,
  controller: Controller,
  cgroup: string,
): { dir: string; version: 1 | 2 } | undefined {
  const v1 = hierarchies.v1.get(controller);
  if (v1) return { dir: `${v1}${cgroup}`, version: 1 };
  const { unified } = hierarchies;
  return unified === undefined ? undefined : { dir: `${unified}${cgroup}`, version: 2 };
}

/** The cgroup version that has a controller. Takes the v1 name. */
export function versionOf(hierarchies: Hierarchies, controller: string): 1 | 2 | undefined {
  if (hierarchies.v1.has(controller)) return 1;
  return unifiedControllers(hierarchies).includes(nameOnV2(controller)) ? 2 : undefined;
}

/** The controllers of the v2 hierarchy. Excludes controllers mounted on v1. */
export function unifiedControllers({ unified }: Hierarchies): string[] {
  const text = unified && readText(join(unified, 'cgroup.controllers'));
  return text ? text.trim().split(' ').filter(Boolean) : [];
}
