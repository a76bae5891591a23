import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { CutOff, spread } from '../crash/cut-off.js';
import { Jobs, jobStack, LINE, script } from './jobs.js';
import { NOTHING, PAIR, Stack } from './stack.js';

const SILENT = { code: 0, stdout: '', stderr: '' };

it(
  'runs a job now, on its network, and keeps the last logs',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, {
      ...PAIR,
      jobs: {
        get: {
          schedule: '@yearly',
          image: 'box',
          bridges: ['front'],
          command: script('busybox wget -qO- http://a/; echo to-stderr >&2; exit 7'),
          keep_logs: 2,
        },
      },
    });
    const jobs = new Jobs(stack, 'pair');
    expect(await stack.plan()).toMatch(/job\.get will be created \(new, first run at \d{4}-01-01 /);
    await stack.apply();
    expect(await stack.plan()).toBe(NOTHING);
    for (const _ of [1, 2, 3]) {
      expect(await stack.run('job', 'run', 'get')).toMatchObject({
        code: 7,
        stdout: 'a\n',
        stderr: expect.stringContaining('to-stderr\n'),
      });
    }
    expect(await jobs.job('get')).toMatchObject({
      last: { number: 3, code: 7, result: 'exit code 7' },
    });
    expect(readdirSync(join(host.root, 'jobs/pair.get'))).toEqual(['2.log', '3.log']);
    expect(await stack.run('job', 'logs', 'get', '2')).toMatchObject({
      code: 0,
      stdout: 'a\n',
      stderr: 'to-stderr\n',
    });
    expect((await stack.run('job', 'logs', 'get', '1')).stderr).toContain('There is: 3, 2');
    expect((await stack.run('job', 'run', 'got')).stderr).toContain('It has: get');
    expect(readdirSync(join(host.root, 'disks')).sort()).toEqual(['pair.a.img', 'pair.b.img']);
    expect(await jobs.tick(), 'nobody mails what somebody has seen').toEqual(SILENT);
    expect(await stack.plan()).toBe(NOTHING);
    await stack.destroy();
  }),
);

it(
  'a due job runs once, however often it was missed, and no plan touches its run',
  inPrivateHost(async (host) => {
    const stack = new Stack(
      host,
      jobStack({
        command: script(`${LINE}; while ! test -e /data/end; do busybox sleep 0.1; done`),
      }),
    );
    const jobs = new Jobs(stack);
    await stack.apply();
    expect(await jobs.tick()).toEqual(SILENT);
    expect(jobs.lines()).toBe(0);
    await jobs.makeDue(5 * 366 * 24 * 3_600_000);
    expect(await jobs.tick()).toEqual(SILENT);
    const { next, running } = await jobs.job();
    expect(running?.number).toBe(1);
    expect(Date.parse(next ?? '')).toBeGreaterThan(Date.now());
    const before = stack.processes('jobs.report');
    expect(await stack.plan()).toBe(NOTHING);
    expect(await jobs.tick()).toEqual(SILENT);
    expect((await stack.run('restart', 'report')).stderr).toContain('it is run 1 of job report');
    expect(stack.processes('jobs.report')).toEqual(before);
    await host.run('touch', [join(host.root, 'volumes/jobs/data/end')]);
    expect(await jobs.ended(1), 'by the hook of its monitor, without an apply').toMatchObject({
      result: 'ok',
      code: 0,
      attempt: 1,
    });
    expect(jobs.lines()).toBe(1);
    expect(await stack.plan()).toBe(NOTHING);
    await stack.destroy();
  }),
);

it(
  'forbid skips a time, replace stops the run before',
  inPrivateHost(async (host) => {
    const command = script(`${LINE}; trap "exit 0" TERM; busybox sleep 600 & wait`);
    const stack = new Stack(host, jobStack({ command }));
    const jobs = new Jobs(stack);
    await stack.apply();
    await jobs.makeDue();
    await jobs.tick();
    const before = stack.processes('jobs.report');
    await jobs.makeDue();
    expect(await jobs.tick()).toEqual(SILENT);
    expect(stack.processes('jobs.report')).toEqual(before);
    expect(await jobs.job()).toMatchObject({ running: { number: 1 }, skipped: expect.any(String) });
    expect(await stack.run('job', 'run', 'report')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('run 1 is going on'),
    });
    expect(await stack.done('events')).toContain('skipped: run 1 is still going on');

    stack.write(jobStack({ command, concurrency: 'replace' }));
    await stack.apply();
    expect(stack.processes('jobs.report'), 'a change is for the next run').toEqual(before);
    await jobs.makeDue();
    expect(await jobs.tick()).toEqual(SILENT);
    expect(await jobs.job()).toMatchObject({
      running: { number: 2 },
      last: { number: 1, result: 'stopped for the next run' },
    });
    expect(stack.processes('jobs.report')).not.toEqual(before);
    expect(jobs.lines()).toBe(2);
    expect((await stack.run('stop', 'report')).code).toBe(0);
    expect(stack.pids('jobs.report')).toEqual([]);
    expect(await jobs.job()).toMatchObject({ last: { result: 'stopped by baleine stop' } });
    await jobs.makeDue();
    await jobs.tick();
    await stack.destroy();
  }),
);

it(
  'a run that hangs is ended by its timeout, without us',
  inPrivateHost(async (host) => {
    const stack = new Stack(
      host,
      jobStack({ command: script('busybox sleep 600'), timeout: '2s' }),
    );
    const jobs = new Jobs(stack);
    await stack.apply();
    await jobs.makeDue();
    expect(await jobs.tick()).toEqual(SILENT);
    const { ms, result } = await jobs.ended(1);
    expect(result).toBe('killed by its timeout of 2s');
    // conmon's timer is a second early at most
    expect(ms).toBeGreaterThanOrEqual(1000);
    expect(await jobs.tick()).toMatchObject({
      code: 1,
      stderr:
        'Error: job.report: its last run failed: killed by its timeout of 2s (baleine job logs report)\n',
    });
    await stack.destroy();
  }),
);

it(
  'a job that keeps failing is tried again, mailed once, and once when well again',
  inPrivateHost(async (host) => {
    const command = script('test -e /data/well');
    const stack = new Stack(host, jobStack({ command, retries: 1 }));
    const jobs = new Jobs(stack);
    await stack.apply();
    await jobs.makeDue();
    expect(await jobs.tick()).toEqual(SILENT);
    await jobs.ended(1);
    const { next = '' } = await jobs.job();
    expect(Date.parse(next) - Date.now(), 'again in a minute').toBeLessThanOrEqual(60_000);
    expect(await jobs.tick(), 'not before its last try').toEqual(SILENT);
    await jobs.makeDue();
    expect(await jobs.tick()).toEqual(SILENT);
    expect(await jobs.ended(2)).toMatchObject({ attempt: 2, result: 'exit code 1' });
    expect(await jobs.tick()).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/exit code 1/),
    });
    expect(await jobs.tick()).toEqual({ code: 1, stdout: '', stderr: '' });
    expect(await stack.run('apply', '-y'), 'a note, no failure of this apply').toMatchObject({
      code: 0,
      stdout: expect.stringContaining('its last run failed: exit code 1'),
    });
    for (const number of [3, 4]) {
      await jobs.makeDue();
      expect(await jobs.tick()).toEqual({ code: 1, stdout: '', stderr: '' });
      await jobs.ended(number);
    }
    expect(await jobs.tick()).toEqual({ code: 1, stdout: '', stderr: '' });
    await host.run('touch', [join(host.root, 'volumes/jobs/data/well')]);
    await jobs.makeDue();
    await jobs.tick();
    await jobs.ended(5);
    expect(await jobs.tick()).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/recovered/),
    });
    expect(await jobs.tick()).toEqual(SILENT);
    await stack.destroy();
  }),
);

it(
  'a job whose file is gone from the host is an error of the plan, or of the run that finds it',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, jobStack({ command: ['nothing'] }));
    const jobs = new Jobs(stack);
    expect((await stack.run('apply', '-y')).stderr).toContain('there is no program nothing');
    stack.write(jobStack({ volumes: ['/gone:/x'], command: ['busybox', 'true'] }));
    expect((await stack.run('plan')).stderr).toContain('baleine.yaml:');
    await host.run('mkdir', [join(host.dir, 'there')]);
    stack.write(jobStack({ volumes: [`${host.dir}/there:/x`], command: ['busybox', 'true'] }));
    await stack.apply();
    await host.run('rmdir', [join(host.dir, 'there')]);
    await jobs.makeDue();
    expect(await jobs.tick()).toMatchObject({ code: 1, stderr: expect.stringContaining('there') });
    expect(await jobs.tick()).toEqual({ code: 1, stdout: '', stderr: '' });
    await host.run('mkdir', [join(host.dir, 'there')]);
    await jobs.makeDue();
    await jobs.tick();
    await jobs.ended(1);
    expect(await jobs.tick()).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/recovered/),
    });
    await stack.destroy();
  }),
);

it(
  'SIGKILL while a run is started leaves nothing, and the next tick starts it',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, jobStack({ command: script(LINE) }));
    const jobs = new Jobs(stack);
    const cutOff = new CutOff(host);
    const apply = ['--file', stack.file, 'apply', '-y', '--quiet'];
    await stack.apply();
    await jobs.makeDue();
    const effects = await cutOff.effects(apply);
    let number = (await jobs.ended(1)).number;
    for (const point of spread(effects, 8, 1)) {
      await jobs.makeDue();
      await cutOff.at(apply, point, 'SIGKILL');
      const lines = jobs.lines();
      // the hook of a run whose start was cut off may hold the lock for a moment
      const ticked = async () => {
        expect([point, await jobs.tick()]).toEqual([point, SILENT]);
        return (await jobs.job()).last?.number;
      };
      await expect.poll(ticked, { interval: 500 }).toBeGreaterThan(number);
      const { last, next = '' } = await jobs.job();
      expect([point, last?.result]).toEqual([point, 'ok']);
      expect(Date.parse(next), point).toBeGreaterThan(Date.now());
      expect(jobs.lines(), point).toBeLessThanOrEqual(lines + 1);
      expect(await stack.plan(), point).toBe(NOTHING);
      number = last?.number ?? 0;
    }
    await stack.destroy();
  }),
  300_000,
);
