import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { configCache, installPaths } from '../../../src/model/install-paths.js';
import { inPrivateHost } from '../../support/private-host.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { headings, NOTHING, Stack } from '../stack/stack.js';

const CONTAINER = { image: 'base', command: IDLE, stop_signal: 'SIGKILL', bridges: ['net'] };
const STACK = {
  name: 'shop',
  images: { base: SMALL_IMAGE },
  bridges: { net: { subnet: '10.77.1.0/24' } },
  volumes: { data: {} },
  containers: { one: CONTAINER, two: CONTAINER },
};

it(
  'repairs a damaged table from its backup, else from its intact lines and the kernel',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, STACK);
    await stack.apply();
    const check = async () => {
      const { code, stdout } = await stack.run('state', 'check');
      return `${code} ${stdout}`;
    };
    expect(await check()).toBe('0 6 rows, all tables whole\n');
    const before = stack.processes('shop.one', 'shop.two');
    const table = join(host.root, 'containers.csv');
    const whole = readFileSync(table, 'utf8');

    truncateSync(table, whole.length - 30);
    expect(await check()).toMatch(
      /^1 cannot trust .*containers.csv: .*\n(.*\n)*Repair it with: baleine/,
    );
    for (const words of [['plan'], ['apply', '-y'], ['ps'], ['destroy', '-y']]) {
      const { code, stderr } = await stack.run(...words);
      expect([code, stderr.split(':')[1]], words[0]).toEqual([1, ` cannot trust ${table}`]);
    }
    expect(await stack.done('state', 'repair')).toMatch(
      /containers.csv: 2 rows from its backup\nSee what is missing/,
    );
    await stack.apply();
    expect(await stack.plan()).toBe(NOTHING);
    expect(await check()).toMatch(/^0 /);
    // the backup is one write older, so one of the containers may have been restarted
    const after = stack.processes('shop.one', 'shop.two');
    expect(Object.keys(after).filter((id) => after[id] === before[id])).not.toEqual([]);

    const lines = readFileSync(table, 'utf8').split('\n');
    writeFileSync(table, `${lines.slice(0, 2).join('\n')}\n`);
    rmSync(`${table}.bak`);
    expect(await stack.done('state', 'repair')).toMatch(/containers.csv: 1 rows of .* no backup/);
    // the container without a row is found as an orphan
    stack.write({ ...STACK, containers: { one: CONTAINER } });
    expect(headings(await stack.plan())).toEqual([
      'container.two will be destroyed (orphaned: it carries our mark but is in no state file)',
    ]);
    expect(await check()).toBe(
      '1 5 rows, all tables whole\norphaned: shop/container.two carries our mark and is in no table\n',
    );
    expect(await stack.done('state', 'repair', '-y')).toContain('container.two');
    expect(stack.pids('shop.two')).toEqual([]);
    expect(stack.processes('shop.one')).toEqual({ 'shop.one': after['shop.one'] });
    expect(await check()).toBe('0 5 rows, all tables whole\n');
    await stack.destroy();
  }),
);

it(
  'shows rows, forgets one, and removes orphans at the next apply of their stack only',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, STACK);
    await stack.apply();
    const shown = JSON.parse(await stack.done('state', 'show', 'container.one'));
    expect(shown).toMatchObject({ address: 'container.one', status: 'ready', stack: 'shop' });
    const { code, stderr } = await stack.run('state', 'show', 'container.none');
    expect([code, stderr.split('\n')[0]]).toEqual([1, 'Error: no container.none in stack shop']);
    expect(await stack.done('state', 'rm', 'container.two')).toBe(
      'container.two is no longer recorded; the resource itself is unchanged\n',
    );
    expect(stack.pids('shop.two').length).toBeGreaterThan(0);

    const other = new Stack(host, { name: 'other', volumes: { x: {} } }, 'other.yaml');
    await other.apply();
    expect(stack.pids('shop.two').length).toBeGreaterThan(0);
    stack.write({ ...STACK, containers: { one: CONTAINER } });
    await stack.apply();
    expect(stack.pids('shop.two')).toEqual([]);
    expect(readdirSync(join(host.root, 'disks'))).toEqual(['shop.one.img']);
    expect(await stack.plan()).toBe(NOTHING);

    const cachedFiles = async () =>
      (await host.run('ls', [configCache(installPaths(host.root))])).stdout
        .split('\n')
        .filter(Boolean);
    expect(await cachedFiles()).toHaveLength(2);
    await stack.destroy();
    expect(await cachedFiles()).toHaveLength(1);
    expect(existsSync(join(host.root, 'volumes/other/x'))).toBe(true);
    await other.destroy();
  }),
);
