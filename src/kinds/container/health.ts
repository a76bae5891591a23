import type { Probe } from '../../host/host.js';
import { type HealthRecord, type HealthTarget, recordAnswer } from '../../model/health.js';
import { healthTarget } from '../../model/health-target.js';
import type { Row } from '../../model/resource.js';
import type { Site } from '../../model/site.js';
import type { ContainerFacts, ContainerSpec } from '../../model/specs.js';
import { type ContainerSeen, observe } from './observe.js';

/** Containers that run and were not asked within their interval. */
export function dueForHealth(rows: readonly Row[], probe: Probe, site: Site): HealthTarget[] {
  return rows.flatMap((row) => {
    if (row.kind !== 'container') return [];
    const { spec, facts } = row as Row<ContainerSpec, ContainerFacts>;
    const target = healthTarget(spec);
    if (!target || !observe(spec, facts, probe, site)?.running) return [];
    const since = probe.now - (probe.askedAt(spec.id) ?? Number.NEGATIVE_INFINITY);
    // a clock that was set back must not silence it
    return since >= target.check.interval || since < 0 ? [target] : [];
  });
}

/** The record of a running container once this look is counted in. */
export function healthAfter(
  { healthcheck }: ContainerSpec,
  { health, started_at }: ContainerFacts,
  { health: answer, now, askedAt }: ContainerSeen,
): HealthRecord | undefined {
  if (!healthcheck) return undefined;
  if (!answer || started_at === undefined) return health;
  const wellAt = askedAt === undefined ? started_at : new Date(askedAt).toISOString();
  return recordAnswer(healthcheck, health, answer, { age: now - Date.parse(started_at), wellAt });
}
