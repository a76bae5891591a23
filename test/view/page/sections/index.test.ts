import { expect, it } from 'vitest';
import type { Change } from '../../../../src/model/plan.js';
import type { PageData, Use } from '../../../../src/view/page/page-data.js';
import { sectionsOf } from '../../../../src/view/page/sections/index.js';
import { node, SHOP } from '../../graph/sample.js';

const USE: Use = {
  name: 'db',
  stack: 'shop',
  cpu_time: 1,
  cpu_percent: 12.34,
  memory: 31 * 2 ** 20,
  pids: 3,
  io: [],
  throttled_periods: 0,
  throttled_time: 0,
  oom_kills: 2,
  network: { received: 0, sent: 0 },
  rates: { received: 1536, sent: 0, read: 0, written: 0 },
  history: [1, 50, 12.34],
};

const CHANGE: Change = {
  address: 'container.db',
  action: 'replace',
  reasons: ['environment changed'],
  differences: [
    {
      attribute: 'environment',
      before: { PASSWORD: 'hunter2' },
      after: { PASSWORD: 'hunter3' },
      cause: 'file',
      effect: 'replace',
      reason: 'environment changed',
    },
  ],
  drift: false,
};

const look = (more: Partial<PageData> = {}): PageData => ({
  topology: SHOP,
  uses: new Map([['db', USE]]),
  farms: [],
  jobs: [],
  events: [],
  pending: { plan: { stack: 'shop', changes: [], units: [] } },
  ...more,
});

/** What a reader sees. */
const plain = (html: string | undefined) =>
  html
    ?.replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();

it('shows key figures of the stack', () => {
  const { title, state, summary, alert } = sectionsOf(look());
  expect({ title, state, alert }).toEqual({
    title: '(1 failing) shop · baleine',
    state: '6 containers: 4 ok, 1 failing, 1 idle',
    alert: '',
  });
  expect(plain(summary)).toBe('running 4 of 6 of a CPU 12.3% memory 31M pending changes none');
});

it('shows limits and usage of each container', () => {
  const limits = { memory: 32 * 2 ** 20, cpus: 0.5, pids: 20 };
  const topology = { ...SHOP, containers: [node('db', {}, { limits, uptime: 3_723_000 })] };
  const { containers } = sectionsOf(look({ topology }));
  expect(plain(containers)).toBe(
    'Container State CPU Memory Processes Network Disk db base running for 1h 2m 12.3% of 50% 31M of 32M out-of-memory kills: 2 3 of 20 ↓ 1.5K/s ↑ 0B/s ↓ 0B/s ↑ 0B/s',
  );
  expect(containers).toContain('class="gauge high"');
});

it('names pending changes without their values, which may be secret', () => {
  const plan = {
    stack: 'shop',
    changes: [CHANGE, { ...CHANGE, address: 'container.web' as const, drift: true }],
    units: [],
    notes: [{ address: 'container.job' as const, text: 'is waiting' }],
  };
  const { plan: html } = sectionsOf(look({ pending: { plan } }));
  expect(plain(html)).toBe(
    'Plan: 2 to add, 0 to change, 2 to destroy. ± container.db must be replaced: environment changed ± container.web found on the host must be replaced: environment changed Left as it is container.job is waiting',
  );
  expect(html).not.toContain('hunter');
  const unknown = sectionsOf(look({ pending: { unknown: 'Error: <no>\n  file' } }));
  expect(unknown.plan).toContain('Error: &#60;no&#62;\n  file');
  expect(plain(unknown.summary)).toContain('pending changes ?');
});

it('shows proxy counters and events', () => {
  const traffic = {
    sessions: 2,
    sessions_total: 9,
    requests: 1234,
    rate: 40,
    errors: 1,
    received_bytes: 2048,
    sent_bytes: 4096,
  };
  const farm = {
    name: 'web',
    stack: 'shop',
    proxy: 'web-proxy',
    traffic,
    servers: [
      { name: 'web-server-1', state: 'up' as const, since: 61, check: 'L7OK 200' },
      { name: 'web-server-2', state: 'unknown' as const },
    ],
  };
  const event = {
    at: '2026-11-21T12:00:00.000Z',
    who: 'root by cron',
    stack: 'shop',
    address: 'container.db',
    action: 'update',
    drift: true,
    reasons: ['process 41 is gone'],
    ms: 312,
    result: 'done' as const,
  };
  const job = {
    name: 'report',
    stack: 'shop',
    schedule: '*/15 * * * *',
    timezone: 'Europe/Paris',
    concurrency: 'forbid' as const,
    failing: 'its last run failed: exit code 3',
    last: { number: 7, started_at: '2026-11-21T12:00:00.000Z', ms: 12_345, result: 'exit code 3' },
  };
  expect(plain(sectionsOf(look({ jobs: [job] })).jobs)).toMatch(
    /report \*\/15 \* \* \* \* Europe\/Paris failing - 7: exit code 3 in 12s, 2026-11-21 \S+$/,
  );
  const silent = { ...farm, name: 'old', silent: 'old-proxy does not run', servers: [] };
  const { farms, events } = sectionsOf(look({ farms: [farm, silent], events: [event] }));
  expect(plain(farms)).toContain(
    'web 1 of 2 servers up, behind web-proxy requests now 40/s requests 1234',
  );
  expect(plain(farms)).toContain('web-server-1 up for 1m1s – – – L7OK 200');
  expect(plain(farms)).toContain('old-proxy does not run');
  expect(plain(events)).toMatch(
    /^container.db update healed 2026-11-21 \S+ process 41 is gone · 0.3 s · root by cron$/,
  );
});
