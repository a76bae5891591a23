import type { Path } from '../../../config/document.js';
import type { ParseContext, Scalar } from '../../../config/values.js';
import { argumentsOf, defined, durationOf } from '../../../config/values.js';
import type { HealthCheck, HealthTest, ImageHealth } from '../../../model/container-values.js';
import { resolvedKey, spec } from './key.js';

interface Raw {
  tcp?: number;
  http?: { port?: number; path?: string; status?: Scalar };
  exec?: Scalar[] | string;
  interval?: string;
  timeout?: string;
  retries?: number;
  start_period?: string;
  on_failure?: HealthCheck['on_failure'];
  disable?: boolean;
}

export const healthcheck = resolvedKey({
  schema: { $ref: '#/definitions/healthcheck' },
  read: (raw: Raw | undefined, path, reading, { restart }: { restart?: string }) =>
    healthCheckOf(raw, restart, path, reading),
  as: 'healthcheck',
  spec: spec<HealthCheck | undefined>(),
  change: 'record',
  release: true,
});

/** Docker's defaults, except for the timeout: a server that takes 30 s to answer is useless. */
function healthCheckOf(
  raw: Raw | undefined,
  restart: string | undefined,
  path: Path,
  reading: ParseContext,
): HealthCheck | undefined {
  if (!raw || !hasTest(raw)) return undefined;
  const { interval = 30_000, timeout = 2000, start_period = 0 } = timesOf(raw, path, reading);
  return {
    ...testOf(raw, path, reading),
    interval,
    timeout,
    retries: raw.retries ?? 3,
    start_period,
    on_failure: raw.on_failure ?? (restart === 'no' ? 'none' : 'restart'),
  };
}

/** What an entry without a test changes about its image's check. */
export function imageHealthOf(
  raw: Raw | undefined,
  path: Path,
  reading: ParseContext,
): ImageHealth | undefined {
  if (!raw) return undefined;
  const { problems } = reading;
  const { disable, retries, on_failure, ...rest } = raw;
  if (disable) {
    if (hasTest(raw)) {
      problems.atKey(path, 'a disabled healthcheck asks nothing', 'give one of both');
    }
    return { disable };
  }
  if (hasTest(raw)) return undefined;
  if (retries === undefined && on_failure === undefined && Object.keys(rest).length === 0) {
    problems.atKey(path, 'a healthcheck asks something', 'give one of tcp, http, exec');
  }
  return defined({ ...timesOf(raw, path, reading), retries, on_failure });
}

const hasTest = ({ tcp, http, exec }: Raw) => [tcp, http, exec].some((each) => each !== undefined);

function timesOf(raw: Raw, path: Path, reading: ParseContext) {
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

function testOf(raw: Raw, path: Path, reading: ParseContext): HealthTest {
  const { tcp, http } = raw;
  const exec = argumentsOf(raw.exec, [...path, 'exec'], reading);
  if ([tcp, http, exec].filter((each) => each !== undefined).length !== 1) {
    reading.problems.atKey(path, 'a healthcheck asks once', 'give one of tcp, http, exec');
  }
  if (tcp !== undefined) return { tcp };
  if (exec !== undefined) return { exec };
  const { port = 80, path: page = '/', status = '200-399' } = http ?? {};
  return { http: { port, path: page, status: String(status) } };
}
