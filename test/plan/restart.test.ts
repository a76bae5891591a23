import { expect, it } from 'vitest';
import { addressOf } from '../../src/model/address.js';
import { MemoryStack } from '../support/memory-stack.js';

const FILE = `name: one
images:
  base: { size: 64M, from: { host: { binaries: [/bin/busybox] } }, command: [busybox, httpd, -f] }
bridges:
  front: { subnet: 10.77.1.0/24, host: 10.77.1.1 }
containers:
  web: { image: base, bridges: [front] }
  other: { image: base, bridges: [front] }
`;

const options = {
  restart: [addressOf('container', 'web')],
  targets: [addressOf('container', 'web')],
};

const containerOf = (stack: MemoryStack) =>
  stack.rows.find(({ kind, name }) => kind === 'container' && name === 'web');

it('is one change with the stop and start steps', async () => {
  const stack = new MemoryStack();
  await stack.apply(FILE);
  expect(stack.planText(FILE, options)).toBe(`baleine will perform the following actions:

  # container.web will be updated in-place (restart requested)
  ~ container.web

Plan: 0 to add, 1 to change, 0 to destroy.`);
  const [unit] = stack.plan(FILE, options).units;
  expect(unit?.steps.map(({ verb }) => verb)).toEqual([
    'container.verify',
    'container.stop',
    'container.start',
  ]);
});

it.each(['container.stop', 'container.start'])(
  'that fails at %s leaves it to run, and the next apply starts it',
  async (verb) => {
    const stack = new MemoryStack();
    await stack.apply(FILE);
    const plan = stack.plan(FILE, options);
    const units = plan.units.map((unit) => ({
      ...unit,
      steps: unit.steps.map((step) =>
        step.verb === verb && verb === 'container.start'
          ? { ...step, args: { ...(step.args as object), spec: { id: 'nothing' } } }
          : step,
      ),
    }));
    if (verb === 'container.stop') await stack.host.ports.runtime.stop('one.web', {}, HOW);
    await stack.executePlan({ ...plan, units }).catch(() => undefined);
    expect(containerOf(stack)?.spec).toMatchObject({ stopped: undefined });
    await stack.apply(FILE);
    expect(stack.host.running.has('one.web')).toBe(true);
    expect(stack.plan(FILE).changes).toEqual([]);
  },
);

const HOW = { signal: 'SIGTERM', grace: 0 };

it('resets the count of automatic restarts', async () => {
  const stack = new MemoryStack();
  await stack.apply(FILE);
  stack.host.end('one.web', 1);
  await stack.apply(FILE);
  expect(containerOf(stack)?.facts).toMatchObject({ restarts: 1 });
  await stack.executePlan(stack.plan(FILE, options));
  expect(containerOf(stack)?.facts).toMatchObject({ restarts: 0 });
});
