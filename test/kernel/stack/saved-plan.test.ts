import { statSync } from 'node:fs';
import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { NOTHING, PAIR, Stack } from './stack.js';

it(
  'is executed exactly, without a prompt, once',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);
    const file = `${host.dir}/today.plan`;
    const shown = await stack.plan('--out', file);
    expect(shown).toContain('Plan: 5 to add, 0 to change, 0 to destroy.');
    expect(statSync(file).mode & 0o777).toBe(0o600);

    const done = await host.baleine(['apply', file]);
    expect(done.stdout).toContain('Resources: 5 added, 0 changed, 0 destroyed.');
    await stack.answers('10.77.1.11', ['a']);
    expect(await stack.plan()).toBe(NOTHING);
    const before = await host.snapshot();
    const again = await host.baleine(['apply', file], { reject: false });
    expect({ code: again.code, stdout: again.stdout }).toEqual({ code: 1, stdout: '' });
    expect(again.stderr).toContain('something was applied since it was made');
    expect(await stack.changes(before)).toEqual([]);
    await stack.destroy();
  }),
);

it(
  'is refused if the state or the file has changed since',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);
    const file = `${host.dir}/today.plan`;
    const { a } = PAIR.containers;
    await stack.apply();
    stack.write({ ...PAIR, containers: { a } });
    await stack.plan('--out', file);

    stack.write(PAIR);
    const moved = await host.baleine(['apply', file], { reject: false });
    expect(moved.code).toBe(1);
    expect(moved.stderr).toContain(`${stack.file} has changed since it was made`);
    await stack.apply('--replace', 'container.a');
    stack.write({ ...PAIR, containers: { a } });
    const before = await host.snapshot();
    const applied = await host.baleine(['apply', file], { reject: false });
    expect(applied.code).toBe(1);
    expect(applied.stderr).toContain('something was applied since it was made');
    expect(await stack.changes(before)).toEqual([]);
    await stack.answers('10.77.1.12', ['b']);
    await stack.destroy();
  }),
);

it(
  'can be a plan of destroy',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);
    const file = `${host.dir}/end.plan`;
    await stack.apply();
    await stack.plan('--destroy', '--out', file);
    // keeps the volume
    expect((await host.baleine(['apply', file])).stdout).toContain('Resources: 4 destroyed.');
    await stack.destroy();
  }),
);
