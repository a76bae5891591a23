import { join } from 'node:path';
import type { StoredCheckpoint } from '../../host/linux/checkpoints/read.js';
import { kinds } from '../../kinds/index.js';
import { addressOf } from '../../model/address.js';
import { CHECKPOINT, type Checkpoint, checkpointObstacle } from '../../model/checkpoint.js';
import { UserError } from '../../model/errors.js';
import { restoredDisk, rootfsDir } from '../../model/install-paths.js';
import type { Plan } from '../../model/plan.js';
import { isNeverCreated, type Resource, type Row, resourceFromRow } from '../../model/resource.js';
import type { ContainerSpec } from '../../model/specs.js';
import type { Step } from '../../model/step.js';
import type { Store } from '../../state/store.js';
import type { Context } from '../context.js';
import { executeBriefly, withStoreOrWait } from '../imperative/change.js';
import { oneOffError } from '../imperative/record.js';
import { type ContainerRow, findContainers } from '../lookup.js';
import { planRecorded } from '../make-plan.js';
import type { ChangeOptions } from '../options.js';
import { refuseHost } from './checkpoint.js';
import { stopContainers } from './lifecycle.js';

interface RestoreOptions extends ChangeOptions {
  /** A file that `checkpoint --export` has written here. */
  import?: string;
}

/**
 * Lets a stopped container go on where its checkpoint was made, on the disk of that moment: what it has
 * written since is lost once it runs again. A restore that fails leaves it as it was, and stopped.
 */
export function restoreContainer(
  context: Context,
  stack: string,
  name: string,
  options: RestoreOptions,
): Promise<number> {
  const purpose = `restore container ${name}`;
  return withStoreOrWait(context, options, async (store) => {
    const [row] = findContainers(store.rows, stack, [name], 'restore');
    if (!row) return 1;
    await refuseRunning(context, row, purpose);
    const found = await findCheckpoint(context, row, purpose, options.import);
    refuseOther(row, found.checkpoint, purpose);
    await refuseHost(context, found.checkpoint.runtime, purpose);
    return restore(context, store, row, await found.ready(), options);
  });
}

async function refuseRunning(context: Context, row: ContainerRow, purpose: string): Promise<void> {
  const { name, spec, facts } = row;
  if (spec.one_off) throw oneOffError(row, purpose);
  if (!kinds.container.observe(spec, facts, await context.probe(), context.paths)?.running) return;
  throw new UserError(`cannot ${purpose}: it is running`, `baleine stop ${name}`);
}

/** Its checkpoint, or that in a file, which becomes its own when `ready` is called. */
async function findCheckpoint(
  { paths }: Context,
  { name, spec: { id } }: ContainerRow,
  purpose: string,
  file: string | undefined,
): Promise<{ checkpoint: Checkpoint; ready: () => Promise<StoredCheckpoint> }> {
  const [{ readCheckpoint }, { install }] = await Promise.all([
    import('../../host/linux/checkpoints/read.js'),
    import('../../host/linux/checkpoints/store.js'),
  ]);
  if (file === undefined) {
    const checkpoint = readCheckpoint(paths, id);
    if (checkpoint) return { checkpoint, ready: async () => checkpoint };
    throw new UserError(
      `cannot ${purpose}: it has no checkpoint`,
      `baleine container checkpoint ${name} makes one of it while it runs.`,
    );
  }
  const { readExported, unpackExported } = await import('../../host/linux/checkpoints/archive.js');
  const { installationKey } = await import('../../state/bind-root.js');
  const index = await readExported(file, installationKey(paths.root));
  const { checkpoint } = index;
  const ready = () =>
    install(paths, id, async (dir) => {
      await unpackExported(file, index, dir);
      return checkpoint;
    });
  return { checkpoint, ready };
}

/** @throws UserError for a checkpoint of another container, or of what this one was before */
function refuseOther(row: ContainerRow, checkpoint: Checkpoint, purpose: string): void {
  const { id, spec, arch } = checkpoint;
  if (id !== row.spec.id) {
    throw new UserError(
      `cannot ${purpose}: the checkpoint is one of container ${checkpoint.name} of stack ${checkpoint.stack}`,
    );
  }
  if (arch !== process.arch) {
    throw new UserError(`cannot ${purpose}: its checkpoint was made on ${arch}`);
  }
  const obstacle = checkpointObstacle(row.spec);
  if (obstacle !== undefined) throw new UserError(`cannot ${purpose}: ${obstacle}`);
  if (isNeverCreated(row)) throw new UserError(`cannot ${purpose}: it was never created`);
  const changed = changes(row, withEnvironment(spec, row.spec));
  if (changed.length === 0) return;
  throw new UserError(
    `cannot ${purpose}: it was changed since its checkpoint was made: ${changed.join(', ')}`,
    'A process that goes on cannot be changed. baleine start starts it as it is now.',
  );
}

/** An exported checkpoint has no values of environment variables. */
function withEnvironment(spec: ContainerSpec, { environment }: ContainerSpec): ContainerSpec {
  return Object.keys(spec.environment).length > 0 ? spec : { ...spec, environment };
}

/** What differs that a running process cannot get. */
function changes(row: ContainerRow, before: ContainerSpec): string[] {
  const now: Resource<ContainerSpec> = resourceFromRow({ ...row, spec: asRunning(row.spec) });
  const then = { ...row, spec: asRunning(before), status: 'ready' as const };
  const seen = kinds.container.assume(now.spec, {});
  return kinds.container
    .compare(now, then, seen)
    .filter(({ attribute, effect, cause }) => cause === 'file' && isKept(attribute, effect))
    .map(({ attribute }) => attribute);
}

/** Addresses are part of the memory of who has bound a socket to them. */
const isKept = (attribute: string, effect: string) =>
  effect === 'replace' || /^bridges\b/.test(attribute);

const asRunning = ({ stopped: _stopped, ...spec }: ContainerSpec): ContainerSpec => spec;

async function restore(
  context: Context,
  store: Store,
  row: ContainerRow,
  checkpoint: StoredCheckpoint,
  options: ChangeOptions,
): Promise<number> {
  const { paths } = context;
  const { id } = row.spec;
  const { undoRestore, withRestoreNote } = await import('../../host/linux/checkpoints/store.js');
  const address = addressOf('container', row.name);
  const edit = (each: Resource): Resource =>
    each.address === address ? { ...each, spec: asRunning(each.spec as ContainerSpec) } : each;
  return withRestoreNote(paths, id, async () => {
    await undoRestore(paths, id);
    // one that has ended by itself still has its disk mounted
    await (await context.host()).disks.ensureUnmounted(rootfsDir(paths, id));
    const rows = store.rows.map((each) => (isSame(each, row) ? asStopped(each) : each));
    const plan = await planRecorded(context, row.stack, rows, edit, { targets: [address] });
    const code = await executeBriefly(context, store, options, withRestored(plan, checkpoint));
    if (code === 0) return 0;
    await undoRestore(paths, id);
    // what a failed start has left of its network
    const kept = store.find('container', row.stack, row.name) as ContainerRow | undefined;
    if (kept?.spec.stopped)
      await stopContainers(context, store, [kept], { ...options, silent: true });
    return code;
  });

  /** The plan of a start, but with the disk and the processes of the checkpoint. */
  function withRestored(plan: Plan, { dir, created_at }: StoredCheckpoint): Plan {
    const disk = restoredDisk(paths, id);
    const more: Record<string, object> = {
      'container.disk': { image: join(dir, CHECKPOINT.disk), disk },
      'container.mount': { disk },
      'container.start': { restored: { images: join(dir, CHECKPOINT.images), disk } },
    };
    const change = (step: Step): Step =>
      Object.hasOwn(more, step.verb)
        ? { ...step, args: { ...(step.args as object), ...more[step.verb] } }
        : step;
    const units = plan.units.map((unit) =>
      unit.address === address ? { ...unit, steps: unit.steps.map(change) } : unit,
    );
    const reasons = [`restored from its checkpoint of ${created_at}`];
    const changes = plan.changes.map((each) =>
      each.address === address ? { ...each, reasons } : each,
    );
    return { ...plan, units, changes };
  }
}

const isSame = (a: Row, b: Row) => a.kind === b.kind && a.stack === b.stack && a.name === b.name;

/** So that everything that it needs is created. */
const asStopped = (row: Row): Row => ({
  ...row,
  spec: { ...(row.spec as ContainerSpec), stopped: true },
});
