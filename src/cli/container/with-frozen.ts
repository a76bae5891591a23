import type { Context } from '../../app/context.js';
import type { ContainerRow } from '../../app/lookup.js';
import { rootfsDir } from '../../model/install-paths.js';

/**
 * Works while nothing in a container runs: one that runs is frozen until the work has ended. A
 * signal ends the work and lets the container go on. The caller holds the lock.
 */
export async function withFrozen<T>(
  context: Context,
  { spec }: ContainerRow,
  purpose: string,
  work: () => Promise<T>,
): Promise<T> {
  const { runtime } = await context.host();
  return context.undoable(() => runtime.hold(spec.id, { purpose }, work));
}

/** Works on the mounted disk of a container in which nothing runs, as by `whileStill`. */
export async function withFrozenDisk<T>(
  context: Context,
  { spec }: ContainerRow,
  purpose: string,
  work: (tree: string) => Promise<T>,
): Promise<T> {
  const { runtime } = await context.host();
  const tree = rootfsDir(context.site, spec.id);
  const disk = !(await context.probe()).mounted(tree);
  return context.undoable(() => runtime.hold(spec.id, { purpose, disk }, () => work(tree)));
}
