import type { Host } from '../../host/ports.js';
import { messageOf, UserError } from '../../model/errors.js';
import type { ContainerSpec } from '../../model/specs.js';
import { runHooks } from '../hooks.js';
import type { ContainerVerbs } from './verbs.js';

type Runtime = Host['runtime'];

/** Milliseconds for all commands of a start: the lock is held during them. */
const START_LIMIT = 300_000;

/** Milliseconds of the grace period that its commands leave to the container itself. */
const RESERVE = 2000;

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
