import type { Health } from '../../host/ports.js';
import { UserError } from '../../model/errors.js';
import { poll } from '../../model/poll.js';
import type { AwaitedSpec } from '../../model/specs.js';
import { type Work, workNow } from '../../model/step.js';

/** Why a condition does not hold; `over` if waiting does not help. */
interface Obstacle {
  cause: string;
  over?: true;
}

/**
 * Waits until the condition of a dependency holds.
 *
 * @param how.limit milliseconds since its start; once they are over, it is checked just once
 * @throws UserError if it does not hold in time, or never can
 */
export async function awaitDependency(
  health: Health,
  dependency: AwaitedSpec,
  { limit, work }: { limit: number; work?: Work | undefined },
): Promise<void> {
  const left = limit - (health.life(dependency.id)?.age ?? 0);
  const obstacle = await poll(() => obstacleOf(health, dependency, work), {
    until: (each) => each === undefined || each.over === true,
    limit: left,
    pause: 100,
    maxPause: 1000,
  });
  if (obstacle) throw unmet(dependency, obstacle, limit);
}

/** Checks the condition once. */
export async function isMet(health: Health, dependency: AwaitedSpec): Promise<boolean> {
  return (await obstacleOf(health, dependency)) === undefined;
}

async function obstacleOf(
  health: Health,
  dependency: AwaitedSpec,
  work: Work = workNow,
): Promise<Obstacle | undefined> {
  const { id, condition, target, exit } = dependency;
  const life = health.life(id);
  if (condition === 'service_started') {
    return life ? undefined : { cause: 'it is stopped, or was never started', over: true };
  }
  if (condition === 'service_healthy') {
    if (!life?.running) return { cause: 'it is not running', over: true };
    if (life.paused) return { cause: 'it is paused', over: true };
    if (!target) return { cause: 'it has no health check', over: true };
    const [answer] = await work(() => health.checkAll([target]));
    if (!answer?.healthy) return { cause: answer?.reason ?? 'no answer' };
    await health.recordChecks([id]);
    return undefined;
  }
  if (life?.running) return { cause: 'it has not ended' };
  const code = life ? life.code : exit;
  if (code === 0) return undefined;
  const cause = code === undefined ? 'how it ended is not known' : `it ended with ${code}`;
  return { cause, over: true };
}

const NEEDS = {
  service_started: 'started',
  service_healthy: 'healthy',
  service_completed_successfully: 'complete',
};

function unmet(
  { name, condition }: AwaitedSpec,
  { cause, over }: Obstacle,
  limit: number,
): UserError {
  const late = over ? '' : ` ${Math.round(limit / 1000)} s after its start`;
  const hint = over ? `baleine logs ${name}, baleine start ${name}` : `baleine logs ${name}`;
  return new UserError(
    `cannot start what depends on ${name}: it is not ${NEEDS[condition]}${late}: ${cause}`,
    hint,
  );
}
