import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { installPaths, stateCacheFile } from '../../../src/model/install-paths.js';
import { holdLock } from '../../support/lock-holder.js';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { NOTHING, PAIR, Stack } from './stack.js';

const QUIET = ['apply', '-y', '--quiet'];
const SILENT = { code: 0, stdout: '', stderr: '' };

async function withCaches(host: PrivateHost): Promise<Stack> {
  const stack = new Stack(host, PAIR);
  await stack.apply();
  await stack.fillCaches();
  return stack;
}

/** Inode, time and mode of the cache of the tables. */
async function cacheStat(host: PrivateHost): Promise<string> {
  const file = stateCacheFile(installPaths(host.root));
  return (await host.run('stat', ['--format', '%i %y %a', file])).stdout;
}

it(
  'a no-op run touches neither the stack nor the lock of another run',
  inPrivateHost(async (host) => {
    const stack = await withCaches(host);
    const before = await cacheStat(host);
    expect(await stack.apply()).toBe(NOTHING);
    expect(await stack.plan()).toBe(NOTHING);
    const full = { env: { BALEINE_FAST_PATH: '0' } };
    expect(await host.baleine(['--file', stack.file, ...QUIET], full)).toEqual(SILENT);
    expect(await cacheStat(host)).toBe(before);

    const holder = await holdLock(join(host.root, '.lock'));
    const { code, stderr } = await stack.run(...QUIET);
    expect({ code, stderr }).toEqual({
      code: 75,
      stderr: expect.stringMatching(`^Error: cannot lock ${host.root}/.lock: pid ${holder.pid} `),
    });
    expect(await stack.run(...QUIET, '--lock-skip')).toEqual(SILENT);
    expect(await stack.plan()).toBe(NOTHING);
    holder.kill('SIGKILL');
    expect(await stack.run(...QUIET, '--lock-timeout', '30s')).toEqual(SILENT);
    await stack.destroy();
  }),
);

it(
  'a table edited in place is read again, even with the same size and time',
  inPrivateHost(async (host) => {
    const stack = await withCaches(host);
    const file = join(host.root, 'containers.csv');
    const { atime, mtime } = statSync(file);
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('10.77.1.11', '10.77.1.99'));
    utimesSync(file, atime, mtime);

    for (const words of [QUIET, ['plan']]) {
      const { code, stderr } = await stack.run(...words);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(file) });
    }
    writeFileSync(file, text);
    expect(await stack.run(...QUIET)).toEqual(expect.objectContaining({ code: 0, stderr: '' }));
    expect(await stack.plan()).toBe(NOTHING);
    await stack.destroy();
  }),
);
