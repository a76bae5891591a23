import { join } from 'node:path';
import { kinds } from '../../kinds/index.js';
import { CHECKPOINT, checkpointObstacle } from '../../model/checkpoint.js';
import { UserError } from '../../model/errors.js';
import { formatBytes } from '../../model/format.js';
import { diskFile, rootfsDir, stagingNotesDir } from '../../model/install-paths.js';
import { isNeverCreated, pendingReason } from '../../model/resource.js';
import type { ContainerSpec } from '../../model/specs.js';
import type { Store } from '../../state/store.js';
import type { Context } from '../context.js';
import { INTERRUPTED, Interrupted } from '../failure.js';
import { jsonLine } from '../frontend.js';
import { withStoreOrWait } from '../imperative/change.js';
import { oneOffError } from '../imperative/record.js';
import { type ContainerRow, findContainers } from '../lookup.js';
import type { ChangeOptions } from '../options.js';
import { stopContainers } from './lifecycle.js';

interface CheckpointOptions extends ChangeOptions {
  leaveRunning?: true;
  /** A file that it is also written to. */
  export?: string;
}

type Stored = import('../../host/linux/checkpoints/read.js').StoredCheckpoint;

/**
 * Saves the processes of a container, and its disk of the same moment: both while it is frozen, so that
 * they fit together. Then it is stopped, unless it is left running. What fails before the checkpoint is
 * complete leaves the container running, and an earlier checkpoint as it is.
 */
export function checkpointContainer(
  context: Context,
  stack: string,
  name: string,
  options: CheckpointOptions,
): Promise<number> {
  return withStoreOrWait(context, options, async (store) => {
    const [row] = findContainers(store.rows, stack, [name], 'checkpoint');
    if (!row) return 1;
    const { export: file, leaveRunning } = options;
    await refuseUnfit(context, row);
    const { checkDestination, exportCheckpoint } = await import(
      '../../host/linux/checkpoints/archive.js'
    );
    if (file !== undefined) checkDestination(file);
    const made = await save(context, store, row, leaveRunning === true);
    const silent = { ...options, silent: true };
    const code = leaveRunning ? 0 : await stopContainers(context, store, [row], silent);
    report(context, made, options);
    if (file === undefined) return code;
    const { paths } = context;
    const { installationKey } = await import('../../state/bind-root.js');
    const notes = stagingNotesDir(paths);
    await exportCheckpoint(made, file, { key: installationKey(paths.root), notes });
    context.frontend.warn(
      `Warning: ${file} has all memory of container ${name}, with every secret that is in it.\n`,
    );
    return code;
  });
}

/** @throws UserError before anything is changed, if the container cannot be saved */
async function refuseUnfit(context: Context, row: ContainerRow): Promise<void> {
  const { name, spec, facts } = row;
  const purpose = `checkpoint container ${name}`;
  if (spec.one_off || spec.run) throw oneOffError(row, purpose);
  if (isNeverCreated(row)) {
    throw new UserError(`cannot ${purpose}: it is unfinished: ${pendingReason(row)}`);
  }
  if (!kinds.container.observe(spec, facts, await context.probe(), context.paths)?.running) {
    throw new UserError(`cannot ${purpose}: it is not running`, `baleine start ${name}`);
  }
  const obstacle = checkpointObstacle(spec);
  if (obstacle !== undefined) throw new UserError(`cannot ${purpose}: ${obstacle}`);
  await refuseHost(context, facts.runtime ?? spec.runtime ?? 'crun', purpose);
}

/** @throws UserError if CRIU, the kernel or the runtime cannot do it here */
export async function refuseHost(context: Context, runtime: string, purpose: string) {
  const problem = await (await context.host()).runtime.checkpointProblem(runtime);
  if (problem) throw new UserError(`cannot ${purpose}: ${problem.message}`, problem.hint);
}

async function save(
  context: Context,
  store: Store,
  row: ContainerRow,
  leaveRunning: boolean,
): Promise<Stored> {
  const { paths, frontend } = context;
  const { stack, name, facts } = row;
  const { stopped: _running, ...spec } = row.spec;
  const { id } = spec;
  const { runtime, disks } = await context.host();
  const { createCheckpoint } = await import('../../host/linux/checkpoints/store.js');
  const record = { id, stack, name, spec, runtime: facts.runtime ?? '' };
  // CRIU is never killed: processes that it has stopped would not go on
  return frontend.interruptible((stop) => {
    const goOn = () => {
      if (stop.aborted) throw new Interrupted(INTERRUPTED);
    };
    return runtime.withFrozen(id, { purpose: 'container checkpoint' }, async () => {
      const made = await createCheckpoint(paths, record, async (dir) => {
        await runtime.dump(id, join(dir, CHECKPOINT.images));
        goOn();
        await disks.flush(rootfsDir(paths, id));
        await disks.copy(diskFile(paths, id), join(dir, CHECKPOINT.disk));
        goOn();
      });
      if (!leaveRunning) {
        await store.put({ ...row, spec: { ...row.spec, stopped: true } satisfies ContainerSpec });
        await runtime.healAtOnce(id, false);
        // while it is frozen: what it would write now is in no checkpoint
        await runtime.signal(id, 'SIGKILL');
      }
      return made;
    });
  });
}

function report(context: Context, made: Stored, { json, leaveRunning }: CheckpointOptions): void {
  const { name, stack, created_at, size } = made;
  const { frontend } = context;
  const running = leaveRunning === true;
  if (json)
    frontend.report(jsonLine({ action: 'checkpoint', name, stack, created_at, size, running }));
  else {
    const how = running ? 'it goes on' : 'it is stopped';
    frontend.report(`container.${name}: checkpoint of ${formatBytes(size)} made, ${how}\n`);
  }
}

/** The checkpoints of a stack, also of containers that are gone; of all stacks without one. */
export async function listCheckpoints({ paths }: Context, stack?: string): Promise<Stored[]> {
  const { listCheckpoints: list } = await import('../../host/linux/checkpoints/read.js');
  return list(paths).filter((each) => stack === undefined || each.stack === stack);
}

/** Removes checkpoints that the user names. */
export function removeCheckpoints(
  context: Context,
  stack: string,
  names: readonly string[],
  options: ChangeOptions,
): Promise<number> {
  return withStoreOrWait(context, options, async () => {
    const { removeCheckpoint } = await import('../../host/linux/checkpoints/store.js');
    const all = await listCheckpoints(context, stack);
    const found = names.map((name) => {
      const one = all.find((each) => each.name === name);
      if (one) return one;
      throw new UserError(
        `cannot remove the checkpoint of container ${JSON.stringify(name)}: there is none`,
        'baleine container checkpoints list shows what there is.',
      );
    });
    for (const { id, name, created_at, size } of found) {
      await removeCheckpoint(context.paths, id);
      const done = { action: 'checkpoint-removed', name, stack, created_at, size };
      const text = `container.${name}: checkpoint of ${formatBytes(size)} removed\n`;
      context.frontend.report(options.json ? jsonLine(done) : text);
    }
    return 0;
  });
}
