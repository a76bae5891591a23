import type { Host } from '../host/ports.js';
import type { Hook } from '../model/container-values.js';
import { messageOf, UserError } from '../model/errors.js';
import { shorten } from '../model/printable.js';
import type { ContainerSpec } from '../model/specs.js';

type Runtime = Host['runtime'];

/** A container that writes to what a snapshot is taken of. */
export type Writer = Pick<ContainerSpec, 'id' | 'pre_snapshot' | 'post_snapshot'>;

/** Milliseconds for all commands before a snapshot, and for those after it. */
const SNAPSHOT_LIMIT = 300_000;

/** Characters that are shown of a command, and of the end of its output. */
const SHOWN = { command: 80, output: 500 };

/**
 * Takes a snapshot of what containers write to: their commands run around it, and with `freeze` none of
 * them runs, for what has no file system of its own to freeze.
 *
 * @param freeze the command that does it: `volume snapshot`
 */
export async function quiesced(
  host: Pick<Host, 'runtime'>,
  writers: readonly Writer[],
  freeze: string | undefined,
  work: () => Promise<void>,
): Promise<void> {
  const frozen = (next: () => Promise<void>, { id }: Writer) =>
    freeze === undefined ? next : () => host.runtime.withFrozen(id, { purpose: freeze }, next);
  const still = writers.reduce(frozen, work);
  const around = (next: () => Promise<void>, each: Writer) => () =>
    aroundSnapshot(host, each, next);
  await writers.reduce(around, still)();
}

/**
 * Runs a container's commands before and after a snapshot. What `pre_snapshot`
 * did is undone by `post_snapshot` also if the snapshot fails.
 */
async function aroundSnapshot(
  { runtime }: Pick<Host, 'runtime'>,
  { id, pre_snapshot = [], post_snapshot = [] }: Writer,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await runHooks(runtime, 'pre_snapshot', id, pre_snapshot, SNAPSHOT_LIMIT);
    await work();
  } finally {
    await runHooks(runtime, 'post_snapshot', id, post_snapshot, SNAPSHOT_LIMIT);
  }
}

/** One after the other, until one fails. False if the container does not run. */
export async function runHooks(
  runtime: Runtime,
  key: 'post_start' | 'pre_stop' | 'pre_snapshot' | 'post_snapshot',
  id: string,
  hooks: readonly Hook[],
  limit: number,
): Promise<boolean> {
  const end = performance.now() + limit;
  for (const { command, ...how } of hooks) {
    const purpose = `cannot run ${key} of ${id}: ${shorten(command.join(' '), SHOWN.command)}`;
    const timeout = Math.floor(end - performance.now());
    if (timeout <= 0) throw new UserError(`${purpose}: no time is left`);
    const result = await runtime.execute(id, command, { ...how, timeout }).catch((error) => {
      const cause = messageOf(error).replace(`cannot run ${command[0]} in ${id}: `, '');
      throw new UserError(`${purpose}: ${cause}`);
    });
    if (!result) return false;
    if (result.code === 0) continue;
    const output = endOf(result.output);
    throw new UserError(`${purpose}: exit code ${result.code}${output && `: ${output}`}`);
  }
  return true;
}

/** The last lines of an output, as one. */
function endOf(output: string): string {
  const lines = output.slice(-4 * SHOWN.output).split('\n');
  const text = lines
    .map((line) => line.trim())
    .filter(Boolean)
    .slice(-4)
    .join('; ');
  return text.length > SHOWN.output ? `…${text.slice(-SHOWN.output)}` : text;
}
