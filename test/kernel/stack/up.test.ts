import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { NOTHING, Stack } from './stack.js';

const idle = { image: 'box', command: IDLE, limits: { memory: '32M' } };

/** `web` needs `db`; nobody needs `other`; `extra` has a profile; `job` ends. */
const FILE = {
  name: 'up',
  images: { box: SMALL_IMAGE },
  containers: {
    db: idle,
    web: { ...idle, depends_on: ['db'] },
    other: idle,
    extra: { ...idle, profiles: ['debug'] },
    slow: { ...idle, command: ['busybox', 'sleep', '3600'], stop_grace_period: '2m' },
    job: { ...idle, command: ['busybox', 'true'], restart: 'no' },
  },
};

it(
  'starts services by name with what they need, replaces, scales and keeps them',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, FILE);
    const running = async () => {
      const listed = JSON.parse(await stack.done('ps', '--json')) as Listed[];
      return listed.flatMap(({ name, status }) => (status === 'running' ? [name] : [])).sort();
    };
    const failed = async (...words: string[]) => (await stack.run('up', '-d', ...words)).stderr;

    expect(await failed('web', 'othr')).toMatch(
      /cannot start "othr": stack up has no service of that name\n.*did you mean "other"\?/,
    );
    expect(await failed('--no-recreate', '--build')).toContain('give --build or --no-recreate');
    expect(await running()).toEqual([]);

    // alone, then with what it needs
    await stack.done('up', '-d', '--no-deps', 'web');
    expect(await running()).toEqual(['web']);
    await stack.done('up', '-d', 'web');
    expect(await running()).toEqual(['db', 'web']);
    await stack.done('up', '-d', 'extra');
    expect(await running()).toEqual(['db', 'extra', 'web']);

    await stack.done('up', '-d');
    expect(await running()).toEqual(['db', 'extra', 'other', 'slow', 'web']);
    expect(await stack.plan()).toBe(NOTHING);

    // what was stopped or has ended starts again, and nothing else
    await stack.done('stop', 'web', 'other');
    const before = stack.processes('up.db');
    const said = await stack.done('up', '-d', 'web');
    expect(said).not.toContain('container.other');
    expect(await running()).toEqual(['db', 'extra', 'slow', 'web']);
    expect(await stack.done('up', '-d')).toMatch(/container\.job .*stopped → running/s);
    expect(await running()).toEqual(['db', 'extra', 'other', 'slow', 'web']);
    expect(stack.processes('up.db')).toEqual(before);
    expect(await stack.plan()).toBe(NOTHING);

    // anew, or as it is whatever the file says
    const all = stack.processes('up.db', 'up.other');
    const { web } = FILE.containers;
    await stack.done('up', '-d', '--force-recreate', 'web');
    expect(stack.processes('up.db', 'up.other')).toEqual(all);
    const containers = { ...FILE.containers, web: { ...web, environment: { A: '1' } } };
    stack.write({ ...FILE, containers });
    expect(await stack.done('up', '-d', '--no-recreate')).not.toContain('container.web');
    expect(await stack.plan()).toContain('container.web must be replaced');

    // another number, until the next apply
    stack.write({ ...FILE, containers: { ...containers, other: { ...idle, replicas: 2 } } });
    await stack.done('up', '-d', '--scale', 'other=3');
    expect(await running()).toEqual([
      'db',
      'extra',
      'other-1',
      'other-2',
      'other-3',
      'slow',
      'web',
    ]);
    expect(await stack.plan()).toContain('container.other-3 will be destroyed');

    const start = Date.now();
    await stack.done('down', '-t', '1', '-v', '--rmi', 'local', '--remove-orphans');
    expect(Date.now() - start).toBeLessThan(60_000);
  }),
  600_000,
);

interface Listed {
  name: string;
  status: string;
}
