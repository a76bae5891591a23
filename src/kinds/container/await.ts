import { setTimeout as sleep } from 'node:timers/promises';
import type { Health } from '../../host/host.js';
import { UserError } from '../../model/errors.js';
import type { DependencySpec } from '../../model/specs.js';

/** Waits until a container is as another needs it. @param limit milliseconds */
export async function awaitDependency(
  health: Health,
  dependency: DependencySpec,
  limit: number,
): Promise<void> {
  const deadline = performance.now() + limit;
  for (let pause = 100; ; pause = Math.min(pause * 1.5, 1000)) {
    const obstacle = await obstacleOf(health, dependency);
    if (obstacle === undefined) return;
    const left = deadline - performance.now();
    if (left <= 0) throw tooLate(dependency, obstacle, limit);
    await sleep(Math.min(pause, left));
  }
}

async function obstacleOf(
  health: Health,
  { id, target, name, condition }: DependencySpec,
): Promise<string | undefined> {
  if (condition === 'service_healthy' && target) {
    const [answer] = await health.ask([target]);
    if (!answer?.healthy) return answer?.reason ?? 'no answer';
    await health.note([id]);
    return undefined;
  }
  const code = health.exitCode(id);
  if (code === undefined) return 'it has not ended';
  if (code === 0) return undefined;
  throw new UserError(
    `cannot start what needs ${name} to complete: it ended with ${code}`,
    `baleine logs ${name}`,
  );
}

function tooLate({ name, condition }: DependencySpec, obstacle: string, limit: number): UserError {
  const wish = condition === 'service_healthy' ? 'healthy' : 'complete';
  return new UserError(
    `cannot go on: ${name} is not ${wish} after ${Math.round(limit / 1000)} s: ${obstacle}`,
    `baleine logs ${name}`,
  );
}
