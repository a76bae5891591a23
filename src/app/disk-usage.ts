import { join } from 'node:path';
import { folderSize } from '../host/linux/files/folder-size.js';
import { kinds } from '../kinds/index.js';
import { byName } from '../model/address.js';
import { diskFile, imageCacheDir, parseId, stageDir, volumeFile } from '../model/install-paths.js';
import type { Context } from './context.js';
import { usedBy } from './images.js';
import { rowsOf } from './imperative/record.js';
import type { ContainerRow } from './lookup.js';
import { findPrunable } from './prune.js';
import { listVolumes } from './volumes.js';

/** One resource as `system df --json` has it. */
export interface UsedSpace {
  type: 'image' | 'container' | 'volume' | 'cache';
  name: string;
  stack: string;
  /** Whether something uses it: a container that runs, or one made from it or mounting it. */
  active: boolean;
  /** Allocated bytes on the file system of the root; blocks shared by reflinks count for each file. */
  used: number;
  /** Whether a prune command removes it. */
  reclaimable: boolean;
  /** Only if not all files of a volume could be counted in time. */
  incomplete?: true;
}

/** Entries and milliseconds for each volume. */
const BOUNDS = { entries: 2_000_000, milliseconds: 10_000 };

/** What images, disks and volumes of all stacks occupy. */
export async function diskUsage(context: Context): Promise<UsedSpace[]> {
  const { paths } = context;
  const { rows } = context.state();
  const probe = await context.probe();
  const all = findPrunable(rows, ['container', 'image', 'volume'], probe, context, { all: true });
  const isPruned = (type: UsedSpace['type'], stack: string, name: string) =>
    type === 'cache' ||
    (type === 'volume'
      ? all.volumes.some((row) => row.stack === stack && row.name === name)
      : stack === '-' && all.removed.includes(`${type}.${name}`));
  const containers = rowsOf(rows, 'container') as ContainerRow[];
  const files = new Set(containers.map(({ spec }) => spec.image.name));
  const images = rowsOf(rows, 'image').map(({ name, stack, spec }) => ({
    ...{ type: 'image' as const, name, stack, active: files.has(name) },
    ...{ used: usedBy(spec.id, probe, paths) ?? 0 },
  }));
  const disks = containers.map(({ name, stack, spec, facts }) => ({
    ...{ type: 'container' as const, name, stack },
    active: kinds.container.observe(spec, facts, probe, paths)?.running ?? false,
    used: probe.file(diskFile(paths, spec.id))?.used ?? 0,
  }));
  const volumes = listVolumes(context).map(({ name, stack, path, containers: users }) => {
    const file = probe.file(volumeFile(path));
    const { allocated, complete } = file
      ? { allocated: file.used, complete: true }
      : folderSize(path, BOUNDS);
    return {
      ...{ type: 'volume' as const, name, stack, active: users.length > 0, used: allocated },
      ...(!complete && { incomplete: true as const }),
    };
  });
  const stages = probe.names(imageCacheDir(paths)).map((id) => {
    const dir = stageDir(paths, id);
    const sizes = probe.names(dir).map((name) => probe.file(join(dir, name))?.used ?? 0);
    const { stack = '-', name = id } = parseId(id) ?? {};
    return {
      ...{ type: 'cache' as const, name, stack, active: false },
      used: sizes.reduce((sum, size) => sum + size, 0),
    };
  });
  return [images, disks, volumes, stages].flatMap((list) =>
    list
      .sort((a, b) => byName(a.stack, b.stack) || byName(a.name, b.name))
      .map((each) => ({
        ...each,
        reclaimable: isPruned(each.type, each.stack, each.name),
      })),
  );
}
