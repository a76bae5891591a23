import type { HealthCheck } from '../../model/config.js';
import { type HealthTarget, healthTarget, portOf, timeToHealthy } from '../../model/health.js';
import type { ContainerSpec, RotationSpec } from '../../model/specs.js';
import type { StepOf } from '../../model/step.js';
import type { ContainerVerbs } from './verbs.js';

type ContainerStep = StepOf<ContainerVerbs>;

/** The check of a server without a health check: it has 30 s to accept connections. */
const PORT_CHECK = { interval: 1000, timeout: 2000, retries: 28, start_period: 0 };

/** Drains a server of a farm before it stops; no step for other containers. */
export function leave({ rotation }: ContainerSpec, reason: string): ContainerStep[] {
  if (!rotation) return [];
  return [{ verb: 'container.leave', args: { rotation }, reason }];
}

/** Admits a started server once it answers the checks that its proxy will make. */
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
 * Admits a server again after an update. A stopped server has left the rotation, perhaps in an
 * interrupted run; one that ended by itself has not, and its proxy checks it.
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

/** Its own health check, and a check of the port of its requests unless that is the same. */
function targetsOf(spec: ContainerSpec, { port }: RotationSpec): HealthTarget[] {
  const own = healthTarget(spec);
  const tcp: HealthCheck = { tcp: port, on_failure: 'none', ...PORT_CHECK };
  const bare = healthTarget({ ...spec, healthcheck: tcp });
  const targets = own && portOf(own.check) === port ? [own] : [own, bare];
  return targets.filter((each) => each !== undefined);
}
