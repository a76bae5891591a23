import type { Probe } from '../../host/ports.js';
import {
  type HealthRecord,
  type HealthTarget,
  healthTarget,
  recordHealthResult,
} from '../../model/health.js';
import type { InstallPaths } from '../../model/install-paths.js';
import type { Row } from '../../model/resource.js';
import type { ContainerFacts, ContainerSpec } from '../../model/specs.js';
import { earlierOf, elapsed } from '../../model/time.js';
import { type ContainerSeen, observe } from './observe.js';

/** Running containers that are not paused and whose check interval is over. */
export function dueForHealth(
  rows: readonly Row[],
  probe: Probe,
  paths: InstallPaths,
): HealthTarget[] {
  return rows.flatMap((row) => {
    if (row.kind !== 'container') return [];
    const { spec, facts } = row as Row<ContainerSpec, ContainerFacts>;
    const target = spec.one_off ? undefined : healthTarget(spec);
    if (!target) return [];
    const seen = observe(spec, facts, probe, paths);
    if (!seen?.running || seen.paused) return [];
    const askedAt = probe.checkedAt(spec.id);
    const isDue = askedAt === undefined || elapsed(askedAt, probe.now) >= pauseOf(target, seen);
    return isDue ? [target] : [];
  });
}

/** Minimum time between two checks: often another one while it starts. */
function pauseOf({ check }: HealthTarget, { age }: ContainerSeen): number {
  const { interval, start_period, start_interval = interval } = check;
  return age < start_period ? start_interval : interval;
}

/** The health record of a running container, with the result in this snapshot. */
export function healthAfter(
  { healthcheck }: ContainerSpec,
  { health, started_at }: ContainerFacts,
  { paused, health: answer, now, age, askedAt }: ContainerSeen,
): HealthRecord | undefined {
  // failures before a pause do not count after it
  if (!healthcheck || paused) return undefined;
  if (!answer || started_at === undefined) return health;
  const wellAt = earlierOf(askedAt ?? Date.parse(started_at), now);
  return recordHealthResult(healthcheck, health, answer, { age, wellAt });
}
