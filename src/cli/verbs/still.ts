import type { Probe } from '../../host/host.js';
import { kinds } from '../../kinds/index.js';
import { cgroupPath, diskFile, rootfsDir } from '../../model/site.js';
import type { Context } from '../context.js';
import type { ContainerRow } from './rows.js';

/**
 * Works while nothing in a container runs: one that runs is held still meanwhile. The caller holds
 * the lock.
 */
export async function whileStill<T>(
  context: Context,
  row: ContainerRow,
  work: () => Promise<T>,
): Promise<T> {
  const probe = await context.probe();
  if (!isRunning(row, probe, context) || probe.frozen(cgroupPath(context.site, row.spec.id))) {
    return work();
  }
  const { runtime } = await context.host();
  await runtime.freeze(row.spec.id, true);
  try {
    return await work();
  } finally {
    await runtime.freeze(row.spec.id, false);
  }
}

/** Works on the mounted disk of a container, in which nothing runs meanwhile. */
export async function onDisk<T>(
  context: Context,
  row: ContainerRow,
  work: (tree: string) => Promise<T>,
): Promise<T> {
  const { disks } = await context.host();
  const tree = rootfsDir(context.site, row.spec.id);
  const mounted = (await context.probe()).mounted(tree);
  return whileStill(context, row, async () => {
    if (mounted) return work(tree);
    await disks.ensureMounted(diskFile(context.site, row.spec.id), tree);
    try {
      return await work(tree);
    } finally {
      await disks.ensureUnmounted(tree);
    }
  });
}

function isRunning({ spec, facts }: ContainerRow, probe: Probe, { site }: Context): boolean {
  return kinds.container.observe(spec, facts, probe, site)?.running ?? false;
}
