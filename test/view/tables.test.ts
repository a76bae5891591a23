import { expect, it } from 'vitest';
import { formatDuration } from '../../src/model/format.js';
import type { ListedContainer } from '../../src/model/listed-container.js';
import { containerTable } from '../../src/view/container-table.js';
import { renderTable } from '../../src/view/tables.js';
import { wantsColor } from '../../src/view/view.js';

it('aligns columns without trailing spaces', () => {
  const rows = [
    ['é', 'long cell', ''],
    ['ccc', 'd', 'e'],
  ];
  expect(renderTable(['A', 'B', 'C'], rows)).toBe(
    'A    B          C\né    long cell\nccc  d          e\n',
  );
  expect(renderTable(['A', 'B'], [])).toBe('A  B\n');
});

const listed = (rest: Partial<ListedContainer>): ListedContainer => ({
  name: 'web',
  stack: 'shop',
  image: 'base',
  status: 'running',
  addresses: {},
  limits: { pids: 2048 },
  ...rest,
});

it('lists containers', () => {
  const containers = [
    listed({
      uptime: 2 * 86_400_000 + 3 * 3_600_000 + 59_000,
      addresses: { front: '10.77.1.4', lan: null },
      limits: { memory: 67108864, cpus: 0.5, pids: 100 },
      restarts: 2,
      last_exit: { code: 143, out_of_memory: false },
      health: { status: 'failing', failures: 1, retries: 3, reason: 'status 503' },
    }),
    listed({ name: 'db', status: 'exited', exit_code: 137, out_of_memory: true }),
    listed({ name: 'job', status: 'exited', exit_code: 0, out_of_memory: false }),
    listed({
      name: 'lost',
      status: 'gone',
      uptime: 400,
      restarts: 3,
      next_try: '1970-01-01T00:00:20.000Z',
    }),
  ];
  expect(containerTable(containers, { stacks: false, now: 1 })).toBe(
    [
      'NAME  IMAGE  STATUS                               UPTIME  ADDRESSES             LIMITS                        RESTARTS                  HEALTH',
      'web   base   running                              2d3h    front=10.77.1.4,lan=  memory=64M,cpus=0.5,pids=100  2, last exit 143 SIGTERM  failing 1/3 (status 503)',
      'db    base   exited (137 SIGKILL, out of memory)  -       -                     pids=2048                     -                         -',
      'job   base   exited (0)                           -       -                     pids=2048                     -                         -',
      'lost  base   gone, next try in 20s                0s      -                     pids=2048                     3                         -',
      '',
    ].join('\n'),
  );
  expect(containerTable(containers.slice(0, 1), { stacks: true })).toMatch(
    /^STACK {2}NAME .*\nshop {3}web /,
  );
});

it.each([
  [0, '0s'],
  [500, '500ms'],
  [90_000, '1m30s'],
  [3_600_000, '1h'],
  [86_400_000 + 1, '1d1ms'],
])('writes %d ms as %s', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text);
});

it('colors terminals only, unless disabled', () => {
  const terminal = { isTTY: true };
  expect(wantsColor(terminal, true, {})).toBe(true);
  expect(wantsColor(terminal, true, { NO_COLOR: '' })).toBe(true);
  expect(wantsColor(terminal, true, { NO_COLOR: '1' })).toBe(false);
  expect(wantsColor(terminal, false, {})).toBe(false);
  expect(wantsColor({}, true, {})).toBe(false);
});
