import type { Probe } from '../../host/ports.js';
import { addressOf } from '../../model/address.js';
import { isUnhealthy } from '../../model/health.js';
import type { InstallPaths } from '../../model/install-paths.js';
import { equal } from '../../model/json.js';
import type { Resource, Row } from '../../model/resource.js';
import type { ContainerFacts, ContainerSpec } from '../../model/specs.js';
import { healthAfter } from './health.js';
import { observe } from './observe.js';
import { decideRestart } from './restart-decision.js';

/**
 * Names of the containers that are unhealthy or have ended and that a plan does not start: what a
 * resolver leaves out. One that is new, or that is replaced, is none of them.
 *
 * @param rows of the same stack
 */
export function unavailableIn(
  resources: readonly Resource[],
  rows: readonly Row[],
  probe: Probe,
  paths: InstallPaths,
): string[] {
  const desired = new Map(resources.map((each) => [each.address, each.spec as ContainerSpec]));
  return (rows as readonly Row<ContainerSpec, ContainerFacts>[]).flatMap((row) => {
    const spec = row.kind === 'container' && desired.get(addressOf(row.kind, row.name));
    if (!spec) return [];
    return isUnavailable(spec, row, probe, paths) ? [row.name] : [];
  });
}

function isUnavailable(
  spec: ContainerSpec,
  row: Row<ContainerSpec, ContainerFacts>,
  probe: Probe,
  paths: InstallPaths,
): boolean {
  if (spec.stopped) return true;
  const seen = observe(row.spec, row.facts, probe, paths);
  if (!seen || row.status !== 'ready') return false;
  const decision = decideRestart(spec, row, seen, !equal(spec, row.spec));
  if (!seen.running) return decision.act === 'leave';
  const { healthcheck } = row.spec;
  const record = healthAfter(row.spec, row.facts, seen);
  return decision.act !== 'restart' && !!healthcheck && isUnhealthy(healthcheck, record);
}
