import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { inPrivateHost, type PrivateHost } from '../support/private-host.js';

/** Where busybox's crond and crontab keep the users' tables; `-c` overrides it. */
const SPOOL = '/var/spool/cron/crontabs';

/** Milliseconds for crond to run a line: it reads its tables at the start of each minute. */
const TWO_MINUTES = 130_000;

async function ticks(host: PrivateHost, tables: string, work: () => Promise<void>): Promise<void> {
  const [pid, log] = [join(host.dir, 'crond.pid'), join(host.dir, 'crond.log')];
  const words = ['busybox', 'crond', '-f', '-l', '0', '-L', log, '-c', tables];
  const script = ['-c', 'echo $$ >"$0"; exec "$@"', pid, ...words];
  const running = host.run('sh', script, { timeout: 2 * TWO_MINUTES, reject: false });
  try {
    await work();
  } catch (error) {
    throw new Error(`${error}\n${readFileSync(log, 'utf8')}`, { cause: error });
  } finally {
    await host.run('kill', [readFileSync(pid, 'utf8').trim()], { reject: false });
    await running;
  }
}

it(
  'heals from busybox crond, with a table written by busybox crontab or by baleine',
  inPrivateHost(async (host) => {
    await host.run('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/var/spool/cron']);
    await host.run('mkdir', [SPOOL]);
    const bin = join(host.dir, 'bin');
    mkdirSync(bin);
    symlinkSync('/bin/busybox', join(bin, 'crontab'));
    const file = join(host.dir, 'baleine.yaml');
    writeFileSync(file, 'name: shop\nvolumes: { data: {} }\n');
    const env = { PATH: `${bin}:${process.env.PATH}` };
    const folder = join(host.root, 'volumes/shop/data');
    await host.baleine(['apply', '-y', '-f', file]);

    await host.baleine(['cron', 'install', '-f', file], { env });
    const table = (await host.run('cat', [join(SPOOL, 'root')])).stdout;
    // busybox crond crashes on a line that begins with @reboot
    expect(table).toContain(
      `# baleine begin ${file}\n# baleine stack shop\n* * * * * /usr/bin/env PATH=`,
    );
    expect(table).not.toContain('@reboot');
    expect((await host.baleine(['cron', 'show'], { env })).stdout).toBe(table);
    await host.run('rmdir', [folder]);
    await ticks(host, SPOOL, () => back(host, folder));
    await host.baleine(['cron', 'remove', '-f', file], { env });
    expect((await host.run('cat', [join(SPOOL, 'root')])).stdout).toBe('');

    const tables = join(host.dir, 'crontabs');
    mkdirSync(tables);
    await host.baleine(['cron', 'install', '-f', file, '--crontab', join(tables, 'root')]);
    expect(readFileSync(join(tables, 'root'), 'utf8')).toBe(table);
    await host.baleine(['destroy', '-y', '--volumes', '-f', file]);
    await host.run('umount', ['--lazy', '/var/spool/cron']);
  }),
  3 * TWO_MINUTES,
);

async function back(host: PrivateHost, folder: string): Promise<void> {
  const deadline = Date.now() + TWO_MINUTES;
  for (;;) {
    const { code } = await host.run('test', ['-d', folder], { reject: false });
    if (code === 0) return;
    if (Date.now() > deadline) throw new Error(`${folder} did not come back`);
    await sleep(500);
  }
}
