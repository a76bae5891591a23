import type { ListedProcess } from '../../host/linux/process/process-list.js';
import type { ExecOptions } from '../../host/linux/runtime/exec.js';
import { LockedError, UserError } from '../../model/errors.js';
import type { Context } from '../context.js';
import type { ContainerRow } from '../lookup.js';

/** Runs a command in a container with our standard streams; answers its exit code. */
export async function execIn(context: Context, id: string, options: ExecOptions): Promise<number> {
  const { execInteractive } = await import('../../host/linux/runtime/exec.js');
  return execInteractive(context.paths, id, options);
}

/** The processes of containers. @throws UserError for a container that does not run, if `all` must */
export async function processesOf(
  { paths }: Context,
  rows: readonly ContainerRow[],
  { all = true } = {},
): Promise<(ListedProcess & { name: string })[]> {
  const { processesOf: list } = await import('../../host/linux/process/process-list.js');
  return rows.flatMap(({ name, spec }) => {
    const found = list(paths, spec.id).map((each) => ({ name, ...each }));
    if (found.length > 0 || !all) return found;
    throw new UserError(`cannot look into container ${name}: it is not running`);
  });
}

/** Yields each container with its exit code, in the order of the rows, as soon as it has ended. */
export async function* waitForContainers(
  { paths }: Context,
  rows: readonly ContainerRow[],
): AsyncGenerator<{ row: ContainerRow; code: number }> {
  const { waitForEnd } = await import('../../host/linux/runtime/stop.js');
  for (const row of rows) {
    const code = await waitForEnd(paths, row.spec.id);
    if (code === undefined) {
      throw new UserError(
        `cannot tell how container ${row.name} ended: it was stopped or never started`,
      );
    }
    yield { row, code };
  }
}

/** Signals first processes. It leaves the desired state alone: a container that should run comes back. */
export async function* killContainers(
  context: Context,
  rows: readonly ContainerRow[],
  signal: string,
): AsyncGenerator<ContainerRow> {
  const { runtime } = await context.host();
  yield* toEach(rows, 'kill', (id) => runtime.signal(id, signal));
}

export async function* pauseContainers(
  context: Context,
  rows: readonly ContainerRow[],
): AsyncGenerator<ContainerRow> {
  const { runtime } = await context.host();
  yield* toEach(rows, 'pause', (id) => runtime.freeze(id, true));
}

export async function* unpauseContainers(
  context: Context,
  rows: readonly ContainerRow[],
): AsyncGenerator<ContainerRow> {
  const { runtime, health } = await context.host();
  yield* toEach(rows, 'unpause', async (id) => {
    const ran = await runtime.freeze(id, false);
    // the next health check waits for a whole interval
    if (ran) await health.recordChecks([id]);
    return ran;
  });
  await forgetHealth(context, rows);
}

/** Yields each container once it is done. @throws UserError for the first that does not run */
async function* toEach(
  rows: readonly ContainerRow[],
  verb: string,
  act: (id: string) => Promise<boolean>,
): AsyncGenerator<ContainerRow> {
  for (const row of rows) {
    const ran = await act(row.spec.id);
    if (!ran) throw new UserError(`cannot ${verb} container ${row.name}: it is not running`);
    yield row;
  }
}

/** Failures before a pause do not count after it. A run that holds the lock has seen the pause itself. */
async function forgetHealth(context: Context, rows: readonly ContainerRow[]): Promise<void> {
  if (rows.every(({ facts }) => facts.health === undefined)) return;
  const lock = await context.lock({ timeoutMs: 0, stragglersMs: 0 }).catch((error: unknown) => {
    if (error instanceof LockedError) return undefined;
    throw error;
  });
  if (!lock) return;
  try {
    const store = await context.store();
    const found = rows.flatMap(({ kind, stack, name }) => store.find(kind, stack, name) ?? []);
    await Promise.all(
      found.map((row) =>
        store.put({ ...row, facts: { ...(row.facts as object), health: undefined } }),
      ),
    );
  } finally {
    lock.release();
  }
}
