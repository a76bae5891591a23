import type { HealthCheck, HealthTest } from '../../model/config.js';
import type { Path } from '../document.js';
import type { Container, Healthcheck } from '../file.gen.js';
import type { Reading } from './reading.js';
import { argumentsOf, durationOf } from './values.js';

/** Defaults are Docker's, but for the timeout: a server that takes 30 s to answer serves no one. */
export function healthCheckOf(
  { healthcheck: raw, restart }: Container,
  container: Path,
  reading: Reading,
): HealthCheck | undefined {
  if (!raw) return undefined;
  const path = [...container, 'healthcheck'];
  const time = (key: 'interval' | 'timeout' | 'start_period', usual: string) =>
    durationOf(raw[key] ?? usual, [...path, key], reading);
  return {
    ...testOf(raw, path, reading),
    interval: time('interval', '30s'),
    timeout: time('timeout', '2s'),
    retries: raw.retries ?? 3,
    start_period: time('start_period', '0s'),
    on_failure: raw.on_failure ?? (restart === 'no' ? 'none' : 'restart'),
  };
}

function testOf(raw: Healthcheck, path: Path, reading: Reading): HealthTest {
  const { tcp, http } = raw;
  const exec = argumentsOf(raw.exec, [...path, 'exec'], reading);
  const given = [tcp, http, exec].filter((each) => each !== undefined);
  if (given.length !== 1) {
    const message = given.length === 0 ? 'a healthcheck asks something' : 'a healthcheck asks once';
    reading.problems.atKey(path, message, 'give one of tcp, http, exec');
  }
  if (tcp !== undefined) return { tcp };
  if (exec !== undefined) return { exec };
  const { port = 80, path: page = '/', status = '200-399' } = http ?? {};
  return { http: { port, path: page, status: String(status) } };
}
