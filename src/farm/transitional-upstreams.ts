import type { FarmEntry, HealthCheck } from '../model/config.js';
import { equal } from '../model/json.js';
import type { Row } from '../model/resource.js';
import type { ContainerSpec } from '../model/specs.js';
import type { Upstream } from './haproxy.js';

/** What a proxy needs to reach its servers. */
interface Backend {
  servers: FarmEntry['servers'];
  upstreams: Upstream[];
}

type ServerRow = Row<ContainerSpec>;

/**
 * The proxy's view of its servers during a rolling update that changes how they are reached. It
 * uses the current port of each server, and checks only that a connection succeeds, because HAProxy
 * checks all servers of a backend the same way. Unfinished servers are disabled until they have
 * been replaced.
 *
 * @param rows of the servers being replaced, and of existing spares
 * @returns undefined if the new configuration can be used at once
 */
export function transitionalUpstreams(
  { servers, upstreams }: Backend,
  rows: readonly ServerRow[],
): Backend | undefined {
  if (rows.every((row) => row.status === 'ready' && isReachedAs(row, servers))) return undefined;
  const rowOf = new Map(rows.map((row) => [row.name, row]));
  return {
    servers: { ...servers, ...connecting(servers) },
    upstreams: upstreams.map((each) => currentUpstream(each, rowOf.get(each.name))),
  };
}

function isReachedAs({ spec }: ServerRow, { healthcheck, port }: FarmEntry['servers']): boolean {
  const { rotation } = spec;
  if (rotation?.port !== port) return false;
  return equal(probeOf(spec.healthcheck, port), probeOf(healthcheck, port));
}

/** What the proxy checks. Interval and timeouts do not affect which servers pass. */
function probeOf(healthcheck: HealthCheck | undefined, port: number): object {
  if (healthcheck && 'http' in healthcheck) return healthcheck.http;
  return { tcp: healthcheck && 'tcp' in healthcheck ? healthcheck.tcp : port };
}

function connecting({ healthcheck, port }: FarmEntry['servers']): { healthcheck?: HealthCheck } {
  if (!healthcheck || 'exec' in healthcheck) return {};
  const { interval, timeout, retries, start_period, on_failure } = healthcheck;
  return {
    healthcheck: { tcp: port, interval, timeout, retries, start_period, on_failure },
  };
}

function currentUpstream(upstream: Upstream, row: ServerRow | undefined): Upstream {
  if (!row) return upstream;
  if (row.status === 'pending') return { ...upstream, disabled: true };
  const { disabled: _spare, ...rest } = upstream;
  return { ...rest, port: row.spec.rotation?.port ?? upstream.port };
}
