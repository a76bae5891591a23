import type { HealthCheck, HealthTarget, PublishEntry } from './container-values.js';

export type { HealthTarget };

/** The result of one health check. */
export type HealthResult =
  | { healthy: true }
  /** `connection refused`, `status 503`. */
  | { healthy: false; reason: string };

/** Recorded only while the last check failed, so that a healthy container changes no state. */
export interface HealthRecord {
  /** Consecutive failures, not counting those in the start period; at most `retries`. */
  failures: number;
  /** The reason of the last failure. */
  reason: string;
  /** When it was last healthy, or when it started; ISO 8601. */
  since: string;
}

/** The record after one more check; undefined if that succeeded. */
export function recordHealthResult(
  check: Pick<HealthCheck, 'retries' | 'start_period'>,
  before: HealthRecord | undefined,
  result: HealthResult,
  at: {
    /** Milliseconds since the container started. */
    age: number;
    /** When the container was last healthy; ISO 8601. */
    wellAt: string;
  },
): HealthRecord | undefined {
  if (result.healthy) return undefined;
  const { failures = 0, since = at.wellAt } = before ?? {};
  const counted = at.age < check.start_period ? failures : failures + 1;
  return { failures: Math.min(counted, check.retries), reason: result.reason, since };
}

export function isUnhealthy(
  check: Pick<HealthCheck, 'retries'>,
  record: HealthRecord | undefined,
): boolean {
  return record !== undefined && record.failures >= check.retries;
}

/** `3 failures in a row (connection refused)` */
export function describeFailures({ failures, reason }: HealthRecord): string {
  return `${failures} ${failures === 1 ? 'failure' : 'failures in a row'} (${reason})`;
}

/** Parses `200-399` into its bounds. */
export function statusRange(text: string): { from: number; to: number } {
  const [from = '', to = from] = text.split('-');
  return { from: Number(from), to: Number(to) };
}

/**
 * The longest time, in milliseconds, that a container can take after its start to become healthy.
 */
export function timeToHealthy({
  start_period,
  retries,
  interval,
  timeout,
}: Pick<HealthCheck, 'start_period' | 'retries' | 'interval' | 'timeout'>): number {
  return start_period + retries * interval + timeout;
}

/** The port that a check asks; undefined for a command. */
export function portOf(check: HealthCheck): number | undefined {
  if ('tcp' in check) return check.tcp;
  return 'http' in check ? check.http.port : undefined;
}

/** A socket of all addresses is reached at that of the loopback interface. */
function reachable(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  return address === '::' ? '::1' : address;
}

/**
 * Where to check a container's health; undefined if it has no health check. A port whose socket it
 * inherits is one of the host.
 */
export function healthTarget({
  id,
  healthcheck: check,
  links,
  network,
  publish = [],
}: {
  id: string;
  healthcheck?: HealthCheck | undefined;
  links: readonly { address?: string | undefined; address6?: string | undefined }[];
  network?: { id: string } | undefined;
  publish?: readonly PublishEntry[] | undefined;
}): HealthTarget | undefined {
  if (!check) return undefined;
  const port = portOf(check);
  const socket = publish.find(
    ({ published, socket_activation }) => socket_activation !== undefined && published === port,
  );
  if (socket) return { id, check, address: reachable(socket.host_ip), on_host: true };
  const first =
    links.find((link) => link.address !== undefined)?.address ??
    links.find((link) => link.address6 !== undefined)?.address6;
  const address = first?.split('/')[0];
  return { id, check, address: address ?? '127.0.0.1', ...(network && { network: network.id }) };
}
