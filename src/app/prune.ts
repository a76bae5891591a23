import { dropArchives } from '../host/linux/images/built-archives.js';
import { dropStages } from '../host/linux/images/cache.js';
import type { Probe } from '../host/ports.js';
import { kinds } from '../kinds/index.js';
import { type Address, addressOf, IMPERATIVE_STACK } from '../model/address.js';
import { egressName } from '../model/egress.js';
import { formatBytes } from '../model/format.js';
import { diskFile } from '../model/install-paths.js';
import type { Note } from '../model/plan.js';
import { FORWARDER, UDP_FORWARDER } from '../model/publish.js';
import { resolverName } from '../model/resolver.js';
import type { Row } from '../model/resource.js';
import type { Context } from './context.js';
import { dataSizeOf } from './data-sizes.js';
import { unusedImages, usedBy } from './images.js';
import { executeBriefly, planChange, withStoreOrWait } from './imperative/change.js';
import { rowsOf, usersIn } from './imperative/record.js';
import type { ContainerRow } from './lookup.js';
import type { ChangeOptions } from './options.js';
import { deleteVolumes, unusedVolumes } from './volumes.js';

export type Prunable = 'container' | 'image' | 'network' | 'volume';

export interface PruneOptions extends ChangeOptions {
  autoApprove?: boolean;
  /** Also volumes of stacks that are in no file any more. */
  all?: boolean;
}

/**
 * Removes what imperative commands have made and nothing uses: containers that do not run, networks and
 * images without containers, volumes that nothing mounts. Says what goes, and asks.
 */
export function prune(
  context: Context,
  what: readonly Prunable[],
  options: PruneOptions,
): Promise<number> {
  return withStoreOrWait(context, options, async (store) => {
    const found = findPrunable(store.rows, what, await context.probe(), context, options);
    const { removed, volumes, losses } = found;
    if (losses.length > 0 && !options.autoApprove) {
      if (!(await context.frontend.approve({ ...options, destroy: true, losses }))) return 1;
    }
    let code = 0;
    if (removed.length > 0) {
      const change = { purpose: `prune ${what.join('s and ')}s`, removed };
      const plan = await planChange(context, store.rows, change);
      code = await executeBriefly(context, store, options, plan);
    }
    if (volumes.length > 0 && code === 0) {
      code = await deleteVolumes(context, store, volumes, options);
    }
    if (what.includes('image')) {
      dropArchives(context.paths);
      await dropStages(context.paths, (await context.host()).imageCache);
    }
    return code;
  });
}

/** What nothing uses, once what comes before it in the list is gone. */
export function findPrunable(
  rows: readonly Row[],
  what: readonly Prunable[],
  probe: Probe,
  context: Context,
  options: { all?: boolean } = {},
) {
  const { paths } = context;
  const containers = what.includes('container') ? stopped(rows, probe, context) : [];
  const left = rows.filter((row) => !containers.includes(row as ContainerRow));
  const images = what.includes('image') ? unusedImages(left, paths) : [];
  const bridges = what.includes('network') ? unusedBridges(left) : [];
  const volumes = what.includes('volume') ? unusedVolumes(left, context, options) : [];
  const used = (path: string) => probe.file(path)?.used ?? 0;
  const sizes = new Map<Address, number>([
    ...containers.map(({ name, spec }): [Address, number] => [
      addressOf('container', name),
      used(diskFile(paths, spec.id)),
    ]),
    ...rowsOf(rows, 'image')
      .filter(({ stack, name }) => stack === IMPERATIVE_STACK && images.includes(name))
      .map(({ name, spec }): [Address, number] => [
        addressOf('image', name),
        usedBy(spec.id, probe, paths) ?? 0,
      ]),
  ]);
  const removed = [
    ...containers.map(({ name }) => addressOf('container', name)),
    ...bridges.map((name) => addressOf('bridge', name)),
    ...images.map((name) => addressOf('image', name)),
  ];
  const losses: Note[] = [
    ...removed.map((address) => {
      const size = sizes.get(address);
      return { address, text: size === undefined ? 'nothing is on it' : formatBytes(size) };
    }),
    ...volumes.map(({ name, stack, spec }) => ({
      address: addressOf('volume', name),
      text: `${stack === IMPERATIVE_STACK ? '' : `of stack ${stack}, `}${dataSizeOf(spec.path)} will be lost`,
    })),
  ];
  return { removed, volumes, losses, sizes };
}

/** Imperative containers that do not run; what baleine itself starts again is none of them. */
function stopped(rows: readonly Row[], probe: Probe, { paths }: Context): ContainerRow[] {
  const own = new Set([
    FORWARDER,
    UDP_FORWARDER,
    ...rowsOf(rows, 'bridge').flatMap(({ name }) => [egressName(name), resolverName(name)]),
  ]);
  return (rows as readonly ContainerRow[]).filter(
    ({ kind, stack, name, spec, facts }) =>
      kind === 'container' &&
      stack === IMPERATIVE_STACK &&
      !spec.one_off &&
      !own.has(name) &&
      !kinds.container.observe(spec, facts, probe, paths)?.running,
  );
}

function unusedBridges(rows: readonly Row[]): string[] {
  const used = new Set(
    usersIn(rows)
      .filter(({ spec }) => !spec.egress)
      .flatMap(({ spec }) => spec.links.map(({ bridge_link }) => bridge_link)),
  );
  return rowsOf(rows, 'bridge')
    .filter(({ stack, spec }) => stack === IMPERATIVE_STACK && !used.has(spec.link))
    .map(({ name }) => name);
}
