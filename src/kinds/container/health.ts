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

/** Containers that run, are not paused, and were not asked within their interval. */
export function dueForHealth(
  rows: readonly Row[],
  probe: Probe,
  site: InstallPaths,
): HealthTarget[] {
  return rows.flatMap((row) => {
    if (row.kind !== 'container') return [];
    const { spec, facts } = row as Row<ContainerSpec, ContainerFacts>;
    const target = spec.one_off ? undefined : healthTarget(spec);
    if (!target) return [];
    const seen = observe(spec, facts, probe, site);
    if (!seen?.running || seen.paused) return [];
    const askedAt = probe.askedAt(spec.id);
    const isDue = askedAt === undefined || elapsed(askedAt, probe.now) >= target.check.interval;
    return isDue ? [target] : [];
  });
}

/** The record of a running container once this look is counted in. */
export function healthAfter(
  { healthcheck }: ContainerSpec,
  { health, started_at }: ContainerFacts,
  { paused, health: answer, now, age, askedAt }: ContainerSeen,
): HealthRecord | undefined {
  // what was counted before a pause says nothing of what comes after it
  if (!healthcheck || paused) return undefined;
  if (!answer || started_at === undefined) return health;
  const wellAt = earlierOf(askedAt ?? Date.parse(started_at), now);
  return recordHealthResult(healthcheck, health, answer, { age, wellAt });
}
