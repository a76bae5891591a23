import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { listSnapshots, sizeOf } from '../../host/linux/snapshots/store.js';
import type { SnapshotCost } from '../../host/ports.js';
import type { ContainerVerbs } from '../../kinds/container/verbs.js';
import { quiesced } from '../../kinds/hooks.js';
import { kinds } from '../../kinds/index.js';
import { type Address, addressOf, isName } from '../../model/address.js';
import { UserError } from '../../model/errors.js';
import { formatBytes } from '../../model/format.js';
import {
  DISK_SNAPSHOTS,
  diskFile,
  diskSnapshotsDir,
  type InstallPaths,
  idOf,
  rootfsDir,
} from '../../model/install-paths.js';
import type { Plan } from '../../model/plan.js';
import { BEFORE_RESTORE, checkNewTag, unusedTag } from '../../model/snapshot-tags.js';
import type { StepOf } from '../../model/step.js';
import type { Context } from '../context.js';
import { jsonLine } from '../frontend.js';
import { executeBriefly, withStoreOrWait } from '../imperative/change.js';
import { oneOffError } from '../imperative/record.js';
import { type ContainerRow, findContainers } from '../lookup.js';
import { planRecorded } from '../make-plan.js';
import type { ChangeOptions } from '../options.js';
import { foldersWithSnapshots } from '../volume-snapshots/list.js';
import { waited } from '../volume-snapshots/take.js';

/** Takes a snapshot of a container's disk, whether it runs or not. @param tag default: the time */
export function takeDiskSnapshot(
  context: Context,
  stack: string,
  name: string,
  tag: string | undefined,
  options: ChangeOptions,
): Promise<number> {
  const purpose = `take a snapshot of container ${name}`;
  return withStoreOrWait(context, options, async ({ rows }) => {
    const [row] = findContainers(rows, stack, [name], 'take a snapshot of');
    if (!row) return 1;
    const { id } = row.spec;
    const now = new Date();
    const used = tag ?? unusedTag((each) => hasSnapshot(context.paths, id, each), now);
    checkNewTag(used, purpose);
    if (hasSnapshot(context.paths, id, used)) {
      throw new UserError(
        `cannot ${purpose}: it has a snapshot ${used} already`,
        `Choose another tag, or remove it: baleine container snapshots rm ${name} ${used}`,
      );
    }
    refuseLost(context, row, purpose);
    const host = await context.host();
    let cost: SnapshotCost = { bytes: 0, paused: 0 };
    await quiesced(host, [row.spec], undefined, async () => {
      cost = await context.undoable(() => host.diskSnapshots.take(id, used, now));
    });
    const { bytes, paused } = cost;
    context.frontend.report(
      options.json
        ? jsonLine({ action: 'snapshot', container: name, stack, tag: used, bytes, paused })
        : `container.${name}: snapshot ${used}: ${formatBytes(bytes)}${waited(paused)}\n`,
    );
    return 0;
  });
}

/** A snapshot as `container snapshots --json` has it. */
export interface ListedDiskSnapshot {
  container: string;
  stack: string;
  tag: string;
  /** ISO 8601. */
  taken: string;
  /** Bytes of the file system. */
  size?: number;
  /** Bytes that it occupies, those it shares with others included. */
  used: number;
}

/** The snapshots of these containers, or of all; also of those that are gone. The oldest first. */
export function listDiskSnapshots(
  context: Context,
  names: readonly string[],
  stack: string | undefined,
): ListedDiskSnapshot[] {
  return foldersWithSnapshots(context)
    .filter(({ folder }) => folder.startsWith(DISK_SNAPSHOTS))
    .map((each) => ({ ...each, container: each.folder.slice(DISK_SNAPSHOTS.length) }))
    .filter((each) => names.length === 0 || names.includes(each.container))
    .filter((each) => stack === undefined || each.stack === stack)
    .flatMap(({ stack: owner, container }) => {
      const dir = diskSnapshotsDir(context.paths, idOf(owner, container));
      return listSnapshots(dir).map(({ tag, taken, size }) => ({
        ...{ container, stack: owner, tag, taken: new Date(taken).toISOString() },
        ...(size !== undefined && { size }),
        used: sizeOf(join(dir, tag)).bytes,
      }));
    });
}

/** Removes snapshots by name, also of a container that is gone. */
export function removeDiskSnapshots(
  context: Context,
  stack: string,
  name: string,
  tags: readonly string[],
  options: ChangeOptions,
): Promise<number> {
  return withStoreOrWait(context, options, async () => {
    const id = idOf(stack, name);
    for (const tag of tags) {
      refuseUnknown(context.paths, { name, id }, tag, 'remove');
    }
    const { diskSnapshots } = await context.host();
    for (const tag of tags) await diskSnapshots.remove(id, tag);
    return 0;
  });
}

/**
 * Makes the disk of a container what it was at a snapshot. What it is now becomes a snapshot as well. A
 * running container is stopped for it, and started again.
 */
export function restoreDisk(
  context: Context,
  stack: string,
  name: string,
  tag: string,
  options: ChangeOptions,
): Promise<number> {
  const purpose = `restore the disk of container ${name}`;
  return withStoreOrWait(context, options, async (store) => {
    const [row] = findContainers(store.rows, stack, [name], 'restore the disk of');
    if (!row) return 1;
    const { spec, facts } = row;
    const { id } = spec;
    if (spec.one_off ?? spec.run) throw oneOffError(row, purpose);
    refuseUnknown(context.paths, { name, id }, tag, 'restore');
    const former = unusedTag(
      (each) => hasSnapshot(context.paths, id, each),
      new Date(),
      BEFORE_RESTORE,
    );
    const what = { id, tag, former };
    const probe = await context.probe();
    if (kinds.container.observe(spec, facts, probe, context.paths)?.running) {
      const address = addressOf('container', name);
      const how = { targets: [address], restart: [address] };
      const plan = await planRecorded(context, stack, store.rows, (each) => each, how);
      const restored = withRestored(plan, address, what, rootfsDir(context.paths, id), {
        disk: diskFile(context.paths, id),
      });
      const code = await executeBriefly(context, store, { ...options, silent: true }, restored);
      if (code !== 0) return code;
    } else {
      const { diskSnapshots } = await context.host();
      await context.undoable(() => diskSnapshots.restore(id, tag, former));
    }
    context.frontend.report(
      options.json
        ? jsonLine({ action: 'restore', container: name, stack, tag, former })
        : `container.${name}: its disk is restored from ${tag}; what it was is its snapshot ${former}\n`,
    );
    return 0;
  });
}

/** The plan of a restart, with another disk between stop and start. */
function withRestored(
  plan: Plan,
  address: Address,
  what: ContainerVerbs['container.restore-disk'],
  dir: string,
  { disk }: { disk: string },
): Plan {
  const reason = `restored from ${what.tag}`;
  const more: StepOf<ContainerVerbs>[] = [
    { verb: 'container.restore-disk', args: what, reason },
    { verb: 'container.mount', args: { disk, dir }, reason },
  ];
  const units = plan.units.map((unit) =>
    unit.address === address
      ? {
          ...unit,
          steps: unit.steps.flatMap((step) =>
            step.verb === 'container.stop' ? [step, ...more] : [step],
          ),
        }
      : unit,
  );
  return { ...plan, units };
}

const hasSnapshot = (paths: InstallPaths, id: string, tag: string) =>
  existsSync(join(diskSnapshotsDir(paths, id), tag));

function refuseLost({ paths }: Context, { spec }: ContainerRow, purpose: string): void {
  if (existsSync(diskFile(paths, spec.id))) return;
  throw new UserError(`cannot ${purpose}: its disk is gone`);
}

function refuseUnknown(
  paths: InstallPaths,
  { name, id }: { name: string; id: string },
  tag: string,
  verb: string,
): void {
  const found = isName('container', name) ? listSnapshots(diskSnapshotsDir(paths, id)) : [];
  if (found.some((each) => each.tag === tag)) return;
  throw new UserError(
    `cannot ${verb} snapshot ${tag} of container ${name}: there is none`,
    'baleine container snapshots shows what there is.',
  );
}
