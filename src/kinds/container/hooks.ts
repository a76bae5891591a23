import type { Host } from '../../host/ports.js';
import type { Hook } from '../../model/container-values.js';
import { messageOf, UserError } from '../../model/errors.js';
import { shorten } from '../../model/printable.js';
import type { ContainerSpec } from '../../model/specs.js';
import type { ContainerVerbs } from './verbs.js';

type Runtime = Host['runtime'];

/** Milliseconds for all commands of a start: the lock is held during them. */
const START_LIMIT = 300_000;

/** Milliseconds for all commands before a snapshot, and for those after it. */
const SNAPSHOT_LIMIT = 300_000;

/** Milliseconds of the grace period that its commands leave to the container itself. */
const RESERVE = 2000;

/** Characters that are shown of a command, and of the end of its output. */
const SHOWN = { command: 80, output: 500 };

/**
 * Runs the commands of `post_start`. If one fails, the container is stopped, so that nothing uses it.
 *
 * @throws Error that says why
 */
export async function afterStart(
  { runtime }: Pick<Host, 'runtime'>,
  spec: ContainerSpec,
  started: Awaited<ReturnType<Runtime['start']>>,
): Promise<void> {
  const { id, post_start = [], stop_signal: signal, stop_grace_period: grace } = spec;
  try {
    const isUp = await runHooks(runtime, 'post_start', id, post_start, START_LIMIT);
    if (!isUp) throw new UserError(`cannot run post_start of ${id}: it has ended already`);
  } catch (error) {
    await runtime.stop(id, started, { signal, grace }).catch((again) => {
      throw new UserError(`${messageOf(error)}; then ${messageOf(again)}`);
    });
    throw error;
  }
}

/**
 * Runs the commands of `pre_stop` within the grace period.
 *
 * @returns what is left of the grace period, and why a command failed
 */
export async function beforeStop(
  { runtime, health }: Pick<Host, 'runtime' | 'health'>,
  { id, grace, pre_stop = [] }: ContainerVerbs['container.stop'],
): Promise<{ grace: number; warning?: string }> {
  const reserve = Math.min(RESERVE, grace / 2);
  // an end during these commands is no reason to start it again
  if (pre_stop.length > 0) await runtime.healAtOnce(id, false);
  const begun = performance.now();
  const left = () => Math.max(Math.ceil(reserve), Math.round(grace - (performance.now() - begun)));
  try {
    await runHooks(runtime, 'pre_stop', id, pre_stop, grace - reserve);
    return { grace: pre_stop.length > 0 ? left() : grace };
  } catch (error) {
    // a command may end the container, and itself with it
    if (!health.life(id)?.running) return { grace };
    return { grace: left(), warning: `is stopped although it ${messageOf(error)}` };
  }
}

/**
 * Runs a container's commands before and after a snapshot of one of its volumes. What `pre_snapshot`
 * did is undone by `post_snapshot` also if the snapshot fails.
 */
export async function aroundSnapshot(
  { runtime }: Pick<Host, 'runtime'>,
  { id, pre_snapshot = [], post_snapshot = [] }: ContainerSpec,
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
async function runHooks(
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
