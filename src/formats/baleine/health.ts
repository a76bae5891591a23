import type { Path } from '../../config/document.js';
import type { HealthCheck, HealthTest, ImageHealth } from '../../model/config.js';
import type { Container, Healthcheck } from './file.gen.js';
import { argumentsOf, defined, durationOf, type Reading } from './values.js';

/** Docker's defaults, except for the timeout: a server that takes 30 s to answer is useless. */
export function healthCheckOf(
  { healthcheck: raw, restart }: Container,
  container: Path,
  reading: Reading,
): HealthCheck | undefined {
  if (!raw || !hasTest(raw)) return undefined;
  const path = [...container, 'healthcheck'];
  const { interval = 30_000, timeout = 2000, start_period = 0 } = timesOf(raw, path, reading);
  return {
    ...testOf(raw, path, reading),
    interval,
    timeout,
    retries: raw.retries ?? 3,
    start_period,
    on_failure: raw.on_failure ?? usualAct(restart),
  };
}

/** What an entry without a test changes about its image's check. */
export function imageHealthOf(
  { healthcheck: raw }: Container,
  container: Path,
  { problems, ...reading }: Reading,
): ImageHealth | undefined {
  if (!raw) return undefined;
  const path = [...container, 'healthcheck'];
  const { disable, retries, on_failure, ...rest } = raw;
  if (disable) {
    if (hasTest(raw))
      problems.atKey(path, 'a disabled healthcheck asks nothing', 'give one of both');
    return { disable };
  }
  if (hasTest(raw)) return undefined;
  if (retries === undefined && on_failure === undefined && Object.keys(rest).length === 0) {
    problems.atKey(path, 'a healthcheck asks something', 'give one of tcp, http, exec');
  }
  return defined({ ...timesOf(raw, path, { problems, ...reading }), retries, on_failure });
}

const hasTest = ({ tcp, http, exec }: Healthcheck) =>
  [tcp, http, exec].some((each) => each !== undefined);

function timesOf(raw: Healthcheck, path: Path, reading: Reading) {
  const time = (key: 'interval' | 'timeout' | 'start_period') => {
    const text = raw[key];
    return text === undefined ? undefined : durationOf(text, [...path, key], reading);
  };
  return defined({
    interval: time('interval'),
    timeout: time('timeout'),
    start_period: time('start_period'),
  });
}

const usualAct = (restart: string | undefined) => (restart === 'no' ? 'none' : 'restart');

function testOf(raw: Healthcheck, path: Path, reading: Reading): HealthTest {
  const { tcp, http } = raw;
  const exec = argumentsOf(raw.exec, [...path, 'exec'], reading);
  const given = [tcp, http, exec].filter((each) => each !== undefined);
  if (given.length !== 1) {
    reading.problems.atKey(path, 'a healthcheck asks once', 'give one of tcp, http, exec');
  }
  if (tcp !== undefined) return { tcp };
  if (exec !== undefined) return { exec };
  const { port = 80, path: page = '/', status = '200-399' } = http ?? {};
  return { http: { port, path: page, status: String(status) } };
}
