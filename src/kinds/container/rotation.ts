import type { HealthCheck } from '../../model/config.js';
import { type HealthTarget, healthTarget, timeToHealthy } from '../../model/health.js';
import type { ContainerSpec, RotationSpec } from '../../model/specs.js';
import type { StepOf } from '../../model/step.js';
import type { ContainerVerbs } from './verbs.js';

type ContainerStep = StepOf<ContainerVerbs>;

/** How a server is asked that has no health check: 30 s for it to take connections. */
const UNASKED = { interval: 1000, timeout: 2000, retries: 28, start_period: 0 };

/** Before a server of a farm stops; nothing for any other container. */
export function leave({ rotation }: ContainerSpec, reason: string): ContainerStep[] {
  if (!rotation) return [];
  return [{ verb: 'container.leave', args: { rotation }, reason }];
}

/** After it was started, once it answers as its proxy will ask it. */
export function join(spec: ContainerSpec, reason: string): ContainerStep[] {
  const { id, rotation } = spec;
  if (!rotation) return [];
  const first = targetsOf(spec, rotation).map((target) => ({
    target,
    limit: timeToHealthy(target.check),
  }));
  return [{ verb: 'container.join', args: { id, rotation, first }, reason }];
}

/**
 * After an update. What was stopped, perhaps by a run that was cut off, has left the rotation; what
 * had ended by itself has not, and its proxy finds out how it is.
 */
export function rejoin(
  spec: ContainerSpec,
  reason: string | undefined,
  left: boolean,
): ContainerStep[] {
  const { id, rotation } = spec;
  if (left) return join(spec, reason ?? 'unfinished');
  if (!reason || !rotation) return [];
  return [{ verb: 'container.join', args: { id, rotation }, reason }];
}

/** Its own check, and the port that requests go to when that says nothing of it. */
function targetsOf(spec: ContainerSpec, { port }: RotationSpec): HealthTarget[] {
  const own = healthTarget(spec);
  const tcp: HealthCheck = { tcp: port, on_failure: 'none', ...UNASKED };
  const bare = healthTarget({ ...spec, healthcheck: tcp });
  const asked = own && portOf(own.check) === port ? [own] : [own, bare];
  return asked.filter((each) => each !== undefined);
}

function portOf(check: HealthCheck): number | undefined {
  if ('tcp' in check) return check.tcp;
  return 'http' in check ? check.http.port : undefined;
}
