import { describe, expect, it } from 'vitest';
import { readStatistics } from '../../src/farm/status.js';
import { farmTables } from '../../src/view/tables.js';

const NAMES =
  'pxname,svname,qcur,scur,stot,bin,bout,econ,eresp,status,lastchg,rate,req_rate,req_tot,' +
  'hrsp_5xx,check_status,check_code,last_chk,type,mode';

/** As written by HAProxy 2.6, without unused columns. */
const line = (values: Record<string, string | number>) =>
  NAMES.split(',')
    .map((name) => values[name] ?? '')
    .join(',');
const answer = (...rows: Record<string, string | number>[]) =>
  `# ${NAMES}\n${rows.map(line).join('\n')}\n\n`;
const server = (svname: string, values: Record<string, string | number> = {}) => ({
  ...{ pxname: 'shop-servers', svname, status: 'UP', type: 2, mode: 'http' },
  ...values,
});
const FRONT = { pxname: 'shop', svname: 'FRONTEND', type: 0, mode: 'http' };

describe('readStatistics', () => {
  it('counts requests and 5xx responses in http mode, sessions and failed connections in tcp mode', () => {
    const front = { ...FRONT, scur: 2, stot: 9, req_tot: 40, req_rate: 7, rate: 3, hrsp_5xx: 1 };
    const back = { pxname: 'shop-servers', svname: 'BACKEND', type: 1, econ: 4 };
    expect(readStatistics('shop', answer(front, back)).traffic).toMatchObject({
      ...{ sessions: 2, sessions_total: 9, requests: 40, rate: 7, errors: 1 },
    });
    const tcp = { ...front, mode: 'tcp', req_tot: '', hrsp_5xx: '' };
    expect(readStatistics('shop', answer(tcp, back)).traffic).toMatchObject({
      ...{ requests: 0, rate: 3, errors: 4 },
    });
  });

  it('reads a server with its last check, including quoted text', () => {
    const check = { check_status: 'L4CON', check_code: '', last_chk: '"refused, ""once"""' };
    const counts = { scur: 1, stot: 5, req_tot: 6, econ: 1, eresp: 2, hrsp_5xx: 3, lastchg: 61 };
    expect(readStatistics('shop', answer(server('s1', { ...check, ...counts }))).servers).toEqual([
      {
        ...{ name: 's1', state: 'up', since: 61, check: 'L4CON refused, "once"' },
        traffic: { sessions: 1, sessions_total: 5, requests: 6, rate: 0, errors: 6, queued: 0 },
      },
    ]);
  });

  it.each([
    ['UP', 'up'],
    ['UP 1/2', 'up'],
    ['no check', 'up'],
    ['DOWN', 'down'],
    ['DOWN 1/2', 'down'],
    ['DRAIN', 'draining'],
    ['NOLB', 'draining'],
    ['MAINT', 'maintenance'],
    ['MAINT (via a/b)', 'maintenance'],
    ['', 'unknown'],
  ])('maps %j to %s', (status, state) => {
    const { servers } = readStatistics('shop', answer(server('s1', { status })));
    expect(servers).toMatchObject([{ name: 's1', state }]);
  });

  it('reports a server in maintenance that still has sessions as draining', () => {
    const { servers } = readStatistics('shop', answer(server('s1', { status: 'MAINT', scur: 2 })));
    expect(servers).toMatchObject([{ name: 's1', state: 'draining' }]);
  });

  it('ignores other farms and entries that are not servers', () => {
    const others = [
      { ...server('s9'), pxname: 'other-servers' },
      server('BACKEND', { type: 1 }),
      { pxname: 'stats', svname: 'FRONTEND', type: 0 },
    ];
    expect(readStatistics('shop', answer(...others))).toEqual({ servers: [] });
    expect(readStatistics('shop', '')).toEqual({ servers: [] });
  });
});

it('shows a farm as a line and a table', () => {
  const traffic = { sessions: 1, sessions_total: 5, requests: 6, rate: 2, errors: 0, queued: 0 };
  const totals = { ...traffic, received_bytes: 2048, sent_bytes: 1024 ** 2 };
  const servers = [
    { name: 's1', state: 'up' as const, since: 61, traffic, check: 'L7OK 200' },
    { name: 's2', state: 'unknown' as const },
  ];
  const farm = { name: 'shop', stack: 'web', proxy: 'shop-proxy', traffic: totals, servers };
  expect(farmTables([farm, { ...farm, silent: 'no\x1banswer', servers: [] }])).toBe(
    [
      'farm shop: 1 of 2 servers up, proxy shop-proxy, 1 session, 6 requests, 2/s, 0 errors, 2K in, 1M out',
      'SERVER  STATE    SINCE  SESSIONS  REQUESTS  RATE  ERRORS  CHECK',
      's1      up       1m1s   1         6         2/s   0       L7OK 200',
      's2      unknown  -      -         -         -     -       -',
      '',
      'farm shop: no\\u001banswer',
      'SERVER  STATE  SINCE  SESSIONS  REQUESTS  RATE  ERRORS  CHECK',
      '',
    ].join('\n'),
  );
});
