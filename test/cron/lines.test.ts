import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { linesOf, scheduleOf } from '../../src/cron/lines.js';

const JOB = {
  schedule: '* * * * *',
  node: '/usr/bin/node',
  main: '/opt/dist/main.js',
  root: '/var/lib/baleine',
  file: '/srv/shop/baleine.yaml',
  atReboot: true,
};

it('writes two lines with absolute paths and their own PATH', () => {
  const command =
    '/usr/bin/env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin ' +
    '/usr/bin/node /opt/dist/main.js --root /var/lib/baleine --file /srv/shop/baleine.yaml ' +
    'apply --quiet --auto-approve --lock-timeout 50s --lock-skip';
  expect(linesOf(JOB)).toEqual([`@reboot ${command}`, `* * * * * ${command}`]);
  expect(linesOf({ ...JOB, atReboot: false })).toEqual([`* * * * * ${command}`]);
});

it.each(["/srv/it's mine/baleine.yaml", '/srv/$HOME `x` "y"/*.yaml', '/srv/é/~a'])(
  'quotes %s for the shell',
  (file) => {
    const [reboot = ''] = linesOf({ ...JOB, file });
    const words = reboot.slice('@reboot /usr/bin/env '.length);
    const script = `for each in ${words}; do printf '%s\\n' "$each"; done`;
    const said = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\n');
    expect(said).toContain(file);
    expect(said).toContain('--lock-skip');
  },
);

it.each(['/srv/100%/baleine.yaml', '/srv/a\nb'])(
  'refuses %j, which cron cannot express',
  (file) => {
    expect(() => linesOf({ ...JOB, file })).toThrow('cron interprets % and line breaks itself');
  },
);

it.each([
  ['1m', 60_000, '* * * * *'],
  ['5m', 300_000, '*/5 * * * *'],
  ['30m', 1_800_000, '*/30 * * * *'],
  ['1h', 3_600_000, '0 * * * *'],
  ['6h', 21_600_000, '0 */6 * * *'],
  ['1d', 86_400_000, '0 0 * * *'],
])('schedules every %s', (_name, every, fields) => {
  expect(scheduleOf(every)).toBe(fields);
});

it.each([0, 30_000, 90_000, 420_000, 18_000_000, 172_800_000])('rejects every %d ms', (every) => {
  expect(() => scheduleOf(every)).toThrow('cron has no such interval');
});
