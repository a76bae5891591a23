import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { NOTHING, PAIR, Stack } from './stack.js';

it(
  'keeps a service that was started with a profile, until it is removed by name',
  inPrivateHost(async (host) => {
    const { a, b } = PAIR.containers;
    const stack = new Stack(host, {
      ...PAIR,
      containers: { a, b: { ...b, profiles: ['debug'] } },
    });
    await stack.done('up', '-d');
    expect(stack.pids('pair.b')).toEqual([]);
    await stack.done('up', '-d', '--profile', 'debug');
    const before = stack.pids('pair.b');
    expect(before).not.toEqual([]);
    expect(await stack.plan()).toBe(NOTHING);
    await stack.done('apply', '-y', '--quiet');
    expect(stack.pids('pair.b')).toEqual(before);
    await stack.done('destroy', '-y', '--target', 'container.b');
    await stack.done('apply', '-y');
    expect(stack.pids('pair.b')).toEqual([]);
    expect(await stack.plan()).toBe(NOTHING);
    await stack.done('down', '-v');
  }),
  300_000,
);

it(
  'brings a stack up and down without asking, and keeps data unless asked to delete it',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);
    expect(await stack.done('up', '-d', '--wait')).toContain('Apply complete!');
    expect(stack.pids('pair.a')).not.toEqual([]);
    expect(await stack.plan()).toBe(NOTHING);

    const data = join(host.root, 'volumes/pair/data');
    expect(await stack.done('down')).toContain('volume.data is kept with its data');
    expect([stack.pids('pair.a'), existsSync(data)]).toEqual([[], true]);
    await stack.done('up', '-d');
    await stack.done('down', '-v');
    expect(existsSync(data)).toBe(false);
  }),
  300_000,
);
