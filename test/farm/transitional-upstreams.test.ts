import { describe, expect, it } from 'vitest';
import { transitionalUpstreams } from '../../src/farm/transitional-upstreams.js';
import type { FarmEntry } from '../../src/model/config.js';
import type { Row } from '../../src/model/resource.js';
import type { ContainerSpec } from '../../src/model/specs.js';

const TIMES = { interval: 1000, timeout: 2000, retries: 3, start_period: 0, on_failure: 'none' };
const page = (path: string, port = 80) => ({ http: { port, path, status: '200' }, ...TIMES });

const upstream = (name: string) => ({ name, address: '10.77.2.2', port: 80 });
const upstreams = [upstream('one'), upstream('two'), { ...upstream('spare'), disabled: true }];

/** Only the fields that matter here. */
const row = (name: string, port: number, healthcheck?: object, status = 'ready') =>
  ({ name, status, spec: { rotation: { port }, healthcheck } }) as unknown as Row<ContainerSpec>;

function between(healthcheck: object | undefined, ...rows: Row<ContainerSpec>[]) {
  const servers = { port: 80, ...(healthcheck && { healthcheck }) } as FarmEntry['servers'];
  const reach = transitionalUpstreams(
    { servers, upstreams } as Parameters<typeof transitionalUpstreams>[0],
    rows,
  );
  return (
    reach && [
      reach.servers.healthcheck,
      ...reach.upstreams.map(
        ({ name, port, disabled }) => `${name}:${port}${disabled ? ' -' : ''}`,
      ),
    ]
  );
}

const CONNECTS = { tcp: 80, ...TIMES };

describe('during a rolling update', () => {
  it('nothing differs if port and check stay the same', () => {
    expect(between(page('/'), row('one', 80, { ...page('/'), interval: 5 }))).toBeUndefined();
    expect(between({ exec: ['true'], ...TIMES }, row('one', 80))).toBeUndefined();
    expect(between(undefined, row('one', 80, { tcp: 80, ...TIMES }))).toBeUndefined();
  });

  it('each server keeps its current port, and only its connection is checked', () => {
    expect(between(page('/new'), row('one', 80, page('/old')), row('two', 80))).toEqual([
      CONNECTS,
      'one:80',
      'two:80',
      'spare:80 -',
    ]);
    expect(between(page('/', 9000), row('two', 8080, page('/', 9000)))).toEqual([
      CONNECTS,
      'one:80',
      'two:8080',
      'spare:80 -',
    ]);
    expect(between(undefined, row('one', 8080))?.[0]).toBeUndefined();
  });

  it('a spare keeps serving, and an unfinished server is disabled', () => {
    const half = row('one', 80, page('/'), 'pending');
    expect(between(page('/'), half, row('spare', 8080, page('/')))).toEqual([
      CONNECTS,
      'one:80 -',
      'two:80',
      'spare:8080',
    ]);
  });
});
