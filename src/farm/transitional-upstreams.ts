import type { FarmEntry, HealthCheck } from '../model/config.js';
import { equal } from '../model/json.js';
import type { Row } from '../model/resource.js';
import type { ContainerSpec } from '../model/specs.js';
import type { Upstream } from './haproxy.js';

/** What a proxy goes by to reach its servers. */
interface Reach {
  servers: FarmEntry['servers'];
  upstreams: Upstream[];
}

type ServerRow = Row<ContainerSpec>;

/**
 * What a proxy goes by while servers take turns that are not yet reached as they are to be: it finds
 * each of them where it listens now, and asks no more of it than that it does, for HAProxy asks all
 * servers of a backend the same. One left half done takes no part until its turn is over.
 *
 * @param rows of those that take turns, and of spares that are there
 * @returns undefined when it may go by the new at once
 */
export function transitionalUpstreams(
  { servers, upstreams }: Reach,
  rows: readonly ServerRow[],
): Reach | undefined {
  if (rows.every((row) => row.status === 'ready' && isReachedAs(row, servers))) return undefined;
  const recorded = new Map(rows.map((row) => [row.name, row]));
  return {
    servers: { ...servers, ...connecting(servers) },
    upstreams: upstreams.map((each) => asRecorded(each, recorded.get(each.name))),
  };
}

function isReachedAs({ spec }: ServerRow, { healthcheck, port }: FarmEntry['servers']): boolean {
  const { rotation } = spec;
  if (rotation?.port !== port) return false;
  return equal(questionOf(spec.healthcheck, port), questionOf(healthcheck, port));
}

/** What a proxy asks; how often and how patiently makes no difference to who answers. */
function questionOf(healthcheck: HealthCheck | undefined, port: number): object {
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

function asRecorded(upstream: Upstream, row: ServerRow | undefined): Upstream {
  if (!row) return upstream;
  if (row.status === 'pending') return { ...upstream, disabled: true };
  const { disabled: _spare, ...rest } = upstream;
  return { ...rest, port: row.spec.rotation?.port ?? upstream.port };
}
