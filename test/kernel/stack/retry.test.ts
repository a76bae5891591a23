import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { installPaths } from '../../../src/model/install-paths.js';
import type { FailureRecord } from '../../../src/state/failure-memory.js';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { NOTHING, PAIR, Stack } from './stack.js';

it(
  'cron retries a repeated failure with growing intervals, and a new plan at once',
  inPrivateHost(async (host) => {
    const { a, b } = PAIR.containers;
    const stack = new Stack(host, PAIR);
    await stack.apply();
    const words = { ...PAIR, containers: { a: { ...a, command: ['gone'] }, b } };
    stack.write(words);
    const cron = () => stack.run('apply', '-y', '--quiet', '--lock-skip');
    const steps = async () => (await stack.done('events')).split('\n').length;

    const first = await cron();
    expect(first).toMatchObject({ code: 1, stdout: '' });
    expect(first.stderr).toMatch(/container\.a: .*gone/);
    const before = await steps();
    expect(await cron()).toEqual({ code: 1, stdout: '', stderr: '' });
    const after = await steps();
    expect(after, 'one retry at once').toBeGreaterThan(before);
    recordMoreFailures(host);
    expect(await cron()).toEqual({ code: 1, stdout: '', stderr: '' });
    expect(await steps(), 'not before some minutes have passed').toBe(after);
    expect((await stack.run('apply', '-y')).code, 'a user need not wait').toBe(1);
    expect(await steps()).toBeGreaterThan(after);

    stack.write({ ...words, containers: { a: { ...a, environment: { NEW: '1' } }, b } });
    expect(await cron()).toMatchObject({ code: 0, stdout: expect.stringMatching(/recovered/) });
    expect(await stack.plan()).toBe(NOTHING);
    await stack.destroy();
  }),
);

/** Records more failures, so that the next try is later than a busy machine needs for one call. */
function recordMoreFailures(host: PrivateHost): void {
  const dir = `/proc/${host.pid}/root${join(installPaths(host.root).run, 'failing')}`;
  const [file = ''] = readdirSync(dir).map((name) => join(dir, name));
  const failing = JSON.parse(readFileSync(file, 'utf8')) as FailureRecord;
  expect(failing.tries?.count).toBe(2);
  const tries = { ...failing.tries, count: 7 };
  writeFileSync(file, JSON.stringify({ ...failing, tries }));
}
