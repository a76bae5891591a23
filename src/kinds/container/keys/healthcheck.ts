import type { Path } from '../../../config/document.js';
import type { ParseContext, Scalar } from '../../../config/values.js';
import { argumentsOf, defined, durationOf } from '../../../config/values.js';
import type { HealthCheck, HealthTest, ImageHealth } from '../../../model/container-values.js';
import { resolvedKey, spec } from './key.js';

interface Raw {
  tcp?: number;
  http?: { port?: number; path?: string; status?: Scalar };
  exec?: Scalar[] | string;
  test?: Scalar[] | string;
  interval?: string;
  timeout?: string;
  retries?: number;
  start_period?: string;
  start_interval?: string;
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
  const times = timesOf(raw, path, reading);
  const { interval = 30_000, timeout = 2000, start_period = 0, start_interval } = times;
  return {
    ...testOf(raw, path, reading),
    interval,
    timeout,
    retries: raw.retries ?? 3,
    start_period,
    ...(start_interval !== undefined && { start_interval }),
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
  const { disable, retries, on_failure, test: _test, ...rest } = raw;
  if (disable || isNone(raw.test)) {
    if (hasTest(raw)) {
      problems.atKey(path, 'a disabled healthcheck asks nothing', 'give one of both');
    }
    return { disable: true };
  }
  if (hasTest(raw)) return undefined;
  if (retries === undefined && on_failure === undefined && Object.keys(rest).length === 0) {
    problems.atKey(path, 'a healthcheck asks something', 'give one of tcp, http, exec, test');
  }
  return defined({ ...timesOf(raw, path, reading), retries, on_failure });
}

const hasTest = ({ tcp, http, exec, test }: Raw) =>
  [tcp, http, exec, isNone(test) ? undefined : test].some((each) => each !== undefined);

/** `test: ["NONE"]` of Compose. */
const isNone = (test: Raw['test']) =>
  Array.isArray(test) && test.length === 1 && test[0] === 'NONE';

function timesOf(raw: Raw, path: Path, reading: ParseContext) {
  const time = (key: 'interval' | 'timeout' | 'start_period' | 'start_interval') => {
    const text = raw[key];
    return text === undefined ? undefined : durationOf(text, [...path, key], reading);
  };
  return defined({
    interval: time('interval'),
    timeout: time('timeout'),
    start_period: time('start_period'),
    start_interval: time('start_interval'),
  });
}

function testOf(raw: Raw, path: Path, reading: ParseContext): HealthTest {
  const { tcp, http } = raw;
  const test = commandOf(raw.test, [...path, 'test'], reading);
  const exec = argumentsOf(raw.exec, [...path, 'exec'], reading) ?? test;
  if ([tcp, http, raw.exec, test].filter((each) => each !== undefined).length !== 1) {
    reading.problems.atKey(path, 'a healthcheck asks once', 'give one of tcp, http, exec, test');
  }
  if (tcp !== undefined) return { tcp };
  if (exec !== undefined) return { exec };
  const { port = 80, path: page = '/', status = '200-399' } = http ?? {};
  return { http: { port, path: page, status: String(status) } };
}

/** Compose's form: `["CMD", program, …]`, `["CMD-SHELL", text]`, or the text alone. */
function commandOf(raw: Raw['test'], path: Path, reading: ParseContext): string[] | undefined {
  const words = argumentsOf(raw, path, reading);
  if (typeof raw === 'string' || words === undefined) return words;
  const [form, ...rest] = words;
  if (form === 'CMD' && rest.length > 0) return rest;
  if (form === 'CMD-SHELL' && rest.length === 1) return ['/bin/sh', '-c', ...rest];
  const hint = 'as in ["CMD", program, argument], ["CMD-SHELL", "text for /bin/sh -c"] or ["NONE"]';
  reading.problems.atValue(path, 'a test begins with CMD, CMD-SHELL or NONE', hint);
  return words;
}
