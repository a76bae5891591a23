import type { HealthCheck } from './config.js';

/** What one question was answered. */
export type HealthResult =
  | { healthy: true }
  /** `connection refused`, `status 503`. */
  | { healthy: false; reason: string };

/** Kept of a container only while its last answer was bad: a healthy one changes no state. */
export interface HealthRecord {
  /** In a row, those of the start period left out; at most `retries`. */
  failures: number;
  /** Of the last failure. */
  reason: string;
  /** The last good answer before, or the start; ISO 8601. */
  since: string;
}

/** Who is to be asked, and where. */
export interface HealthTarget {
  id: string;
  check: HealthCheck;
  /** Inside its network namespace, without prefix length. */
  address: string;
}

/** The record after one more answer; undefined when that was a good one. */
export function recordHealthResult(
  check: Pick<HealthCheck, 'retries' | 'start_period'>,
  before: HealthRecord | undefined,
  answer: HealthResult,
  at: {
    /** Milliseconds since the start. */
    age: number;
    /** When it last was well, as far as is known; ISO 8601. */
    wellAt: string;
  },
): HealthRecord | undefined {
  if (answer.healthy) return undefined;
  const { failures = 0, since = at.wellAt } = before ?? {};
  const counted = at.age < check.start_period ? failures : failures + 1;
  return { failures: Math.min(counted, check.retries), reason: answer.reason, since };
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

/** `200-399` as its bounds. */
export function statusRange(text: string): { from: number; to: number } {
  const [from = '', to = from] = text.split('-');
  return { from: Number(from), to: Number(to) };
}

/** Milliseconds after a start within which a container that can become healthy has become so. */
export function timeToHealthy({
  start_period,
  retries,
  interval,
  timeout,
}: Pick<HealthCheck, 'start_period' | 'retries' | 'interval' | 'timeout'>): number {
  return start_period + retries * interval + timeout;
}

/** Who is asked for a container's health, and where; undefined for one without a health check. */
export function healthTarget({
  id,
  healthcheck: check,
  links,
}: {
  id: string;
  healthcheck?: HealthCheck | undefined;
  links: readonly { address?: string | undefined }[];
}): HealthTarget | undefined {
  if (!check) return undefined;
  const address = links.find((link) => link.address !== undefined)?.address?.split('/')[0];
  return { id, check, address: address ?? '127.0.0.1' };
}
