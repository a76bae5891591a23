import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { inPrivateHost, type PrivateHost } from '../support/private-host.js';
import { Jobs, jobStack, script } from './stack/jobs.js';
import { Stack } from './stack/stack.js';

/** Milliseconds. */
const MINUTE = 60_000;

it(
  'by cron, a job that is due each minute runs once in each, and one that is slow never overlaps',
  inPrivateHost(async (host) => {
    const { jobs, ...rest } = jobStack({});
    const each = { ...jobs.report, schedule: '* * * * *' };
    // the disk outlives nothing: what a run leaves is in the volume
    const slow = script(
      'busybox mkdir /data/lock || echo overlap >>/data/faults; busybox sleep 75; busybox rmdir /data/lock; echo run >>/data/slow',
    );
    const stack = new Stack(host, {
      ...rest,
      jobs: {
        report: { ...each, command: script('busybox date +%s >>/data/log') },
        slow: { ...each, command: slow },
      },
    });
    const told = new Jobs(stack);
    await stack.apply();
    const tables = join(host.dir, 'crontabs');
    mkdirSync(tables);
    expect((await stack.run('job', 'list')).stderr).toMatch(
      /^No crontab line applies stack jobs, /,
    );
    await stack.done('cron', 'install', '--crontab', join(tables, 'root'));
    expect((await stack.run('job', 'list')).stderr).toBe('');
    const data = (name: string) => linesOf(join(host.root, 'volumes/jobs/data', name));
    await byCron(host, tables, async () => {
      const deadline = Date.now() + 4 * MINUTE;
      while ((data('log').length < 3 || data('slow').length < 1) && Date.now() < deadline) {
        await sleep(500);
      }
    });
    const minutes = data('log').map((line) => Math.floor(Number(line) / 60));
    expect(minutes.length).toBeGreaterThanOrEqual(3);
    expect(minutes, 'each minute once').toEqual(minutes.map((_, i) => (minutes[0] ?? 0) + i));
    expect(data('slow').length).toBeGreaterThanOrEqual(1);
    expect(data('faults')).toEqual([]);
    expect((await told.job('slow')).last?.result).toBe('ok');
    await stack.destroy();
  }),
  6 * MINUTE,
);

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

/** Works while busybox's crond reads these tables. */
async function byCron(host: PrivateHost, tables: string, work: () => Promise<void>): Promise<void> {
  const [pid, log] = [join(host.dir, 'crond.pid'), join(host.dir, 'crond.log')];
  const words = ['busybox', 'crond', '-f', '-l', '0', '-L', log, '-c', tables];
  const begin = ['-c', 'echo $$ >"$0"; exec "$@"', pid, ...words];
  const running = host.run('sh', begin, { timeout: 6 * MINUTE, reject: false });
  try {
    await work();
  } finally {
    await host.run('kill', [readFileSync(pid, 'utf8').trim()], { reject: false });
    await running;
  }
}
