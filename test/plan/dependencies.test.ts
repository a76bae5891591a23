import { expect, it } from 'vitest';
import { addressOf } from '../../src/model/address.js';
import type { ContainerSpec } from '../../src/model/specs.js';
import { MemoryStack } from '../support/memory-stack.js';

const file = (needs: string, db = '') => `name: one
images:
  base: { size: 64M, from: { host: { binaries: [/bin/busybox] } }, command: [busybox, httpd, -f] }
containers:
  app: { image: base, depends_on: { ${needs} } }
  db: { image: base${db} }
`;

const NOTHING = 'No changes. Your infrastructure matches the configuration.';
const DB = [addressOf('container', 'db')];

it('restart: true restarts after the other one is restarted or changed on request', async () => {
  const text = file('db: { restart: true }');
  const stack = new MemoryStack();
  await stack.apply(text);
  expect(stack.planText(text)).toBe(NOTHING);
  expect(
    stack.planText(text, { restart: DB, targets: DB }),
  ).toBe(`baleine will perform the following actions:

  # container.db will be updated in-place (restart requested)
  ~ container.db

  # container.app will be updated in-place (db is restarted)
  ~ container.app

Plan: 0 to add, 2 to change, 0 to destroy.`);
  stack.host.end('one.db', 1);
  expect(
    stack.planText(text),
    'one that ended is started alone',
  ).toBe(`Changes outside baleine were found:

  # container.db will be updated in-place (process 1002 ended with 1)
  ~ container.db

Plan: 0 to add, 1 to change, 0 to destroy.`);
});

it('required: false starts without the other one, with a warning', async () => {
  const text = file(
    'db: { required: false, condition: service_completed_successfully }',
    ', restart: "no"',
  );
  const stack = new MemoryStack();
  await stack.apply(file('db: {}', ', restart: "no"'));
  stack.host.end('one.db', 3);
  stack.rows = stack.rows.filter(({ name }) => name !== 'app');
  await stack.executePlan(stack.plan(text));
  expect(stack.host.running.has('one.app')).toBe(true);
  expect(stack.events.at(-1)).toMatchObject({
    type: 'finished',
    status: 'done',
    warnings: [
      {
        address: 'container.app',
        error: 'starts what depends on db: it is not complete: it ended with 3',
      },
    ],
  });
  expect(stack.planText(text)).toBe(NOTHING);
});

it('required: false comes after the other one, and does not need it', () => {
  const [app] = new MemoryStack()
    .plan(file('db: { required: false }'))
    .units.filter(({ id }) => id === 'put container.app');
  expect(app?.needs).not.toContain('put container.db');
  expect(app?.after).toEqual(['put container.db']);
});

it('required: false names what is not in the file, with a warning', () => {
  const plan = new MemoryStack().plan(file('cache: { required: false }'));
  expect(plan.warnings).toEqual([
    {
      address: 'container.app',
      text: 'starts without cache, which is not in the file and not required',
    },
  ]);
});

it('plain dependencies are recorded as ever', async () => {
  const stack = new MemoryStack();
  await stack.apply(file('db: {}'));
  const app = stack.rows.find(({ name }) => name === 'app')?.spec as ContainerSpec;
  const keys = Object.entries(app).filter(([, value]) => value !== undefined);
  for (const key of ['depends_on', 'network', 'pid_namespace', 'ipc']) {
    expect(keys.map(([name]) => name)).not.toContain(key);
  }
});

it('a job that ended with 0 is done, even after a reboot', async () => {
  for (const policy of ['no', 'on-failure']) {
    const text = file('db: { condition: service_completed_successfully }', `, restart: ${policy}`);
    const stack = new MemoryStack();
    const timer = setInterval(() => {
      if (stack.host.running.has('one.db')) stack.host.end('one.db', 0);
    }, 10);
    await stack.apply(text);
    clearInterval(timer);
    expect(stack.planText(text)).toBe(NOTHING);
    await stack.apply(text);
    stack.host.reboot();
    await stack.apply(text);
    expect(stack.host.running.has('one.app')).toBe(true);
    expect(stack.host.running.has('one.db')).toBe(false);
  }
});
