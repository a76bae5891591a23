import { describe, expect, it } from 'vitest';
import { addressOf } from '../../src/model/address.js';
import { netnsPath } from '../../src/model/install-paths.js';
import type { ContainerSpec } from '../../src/model/specs.js';
import { MemoryStack } from '../support/memory-stack.js';

const file = (app: string, db = 'bridges: [front], ipc: shareable', name = 'one') => `name: ${name}
images:
  base: { size: 64M, from: { host: { binaries: [/bin/busybox] } }, command: [busybox, httpd, -f] }
bridges:
  front: { subnet: 10.77.1.0/24, host: 10.77.1.1 }
containers:
  app: { image: base, ${app} }
  db: { image: base, ${db} }
`;

const NOTHING = 'No changes. Your infrastructure matches the configuration.';
const KEYS = ['network_mode', 'pid', 'ipc'] as const;

const FOUND = 'Changes outside baleine were found:';
const PLANNED = 'baleine will perform the following actions:';

const restart = (reason: string, db = '', heading = FOUND) => `${heading}
${db}
  # container.app will be updated in-place (${reason})
  ~ container.app

Plan: 0 to add, ${db ? 2 : 1} to change, 0 to destroy.`;

const db = (reason: string) => `
  # container.db will be updated in-place (${reason})
  ~ container.db
`;

const options = {
  restart: [addressOf('container', 'db')],
  targets: [addressOf('container', 'db')],
};

const specOf = (stack: MemoryStack, name: string, of = 'one') =>
  stack.rows.find((row) => row.kind === 'container' && row.name === name && row.stack === of)
    ?.spec as ContainerSpec;

async function applied(text: string): Promise<MemoryStack> {
  const stack = new MemoryStack();
  await stack.apply(text);
  expect(stack.planText(text)).toBe(NOTHING);
  return stack;
}

describe('network_mode: service', () => {
  const text = file('network_mode: service:db');

  it('has the network, names and host name of the other, after which it starts', async () => {
    const stack = await applied(text);
    expect(specOf(stack, 'app')).toMatchObject({
      network: { id: 'one.db', from: 'service:db' },
      links: [],
      hostname: 'db',
      hosts_file: specOf(stack, 'db').hosts_file,
    });
    const units = new MemoryStack().plan(text).units.map(({ id }) => id);
    expect(units.indexOf('put container.app')).toBeGreaterThan(units.indexOf('put container.db'));
    const steps = new MemoryStack()
      .plan(text)
      .units.flatMap((unit) => (unit.name === 'app' ? unit.steps.map(({ verb }) => verb) : []));
    expect(steps).toEqual([
      'container.disk',
      'container.mount',
      'container.await',
      'container.start',
    ]);
  });

  it('stays when the other one restarts, which keeps its network', async () => {
    const stack = await applied(text);
    stack.host.end('one.db', 1);
    expect(stack.planText(text)).toBe(`${FOUND}
${db('process 1002 ended with 1')}
Plan: 0 to add, 1 to change, 0 to destroy.`);
    await stack.apply(text);
    expect(stack.planText(text)).toBe(NOTHING);
  });

  it('restarts after the other one is replaced', async () => {
    const stack = await applied(text);
    const changed = file('network_mode: service:db', 'bridges: [front], ipc: shareable, user: "1"');
    expect(stack.planText(changed)).toBe(`baleine will perform the following actions:

  # container.db must be replaced (user 0:0 → 1)
-/+ container.db
      ~ user: 0:0 → 1  # forces replacement

  # container.app will be updated in-place (network namespace of db was replaced)
  ~ container.app

Plan: 1 to add, 1 to change, 1 to destroy.`);
    await stack.apply(changed);
    expect(stack.planText(changed)).toBe(NOTHING);
  });

  it('restarts after the network of the other one is made again', async () => {
    const stack = await applied(text);
    stack.host.mounts.delete(netnsPath(stack.paths, 'one.db'));
    const reason = 'network namespace of db was replaced';
    expect(stack.planText(text)).toBe(restart(reason, db('network namespace is gone')));
    await stack.apply(text);
    expect(stack.planText(text)).toBe(NOTHING);
  });

  it('stays as it is while the other one is stopped', async () => {
    const stack = await applied(text);
    const stop = (spec: ContainerSpec): ContainerSpec => ({ ...spec, stopped: true });
    await stack.executePlan(stack.planRecorded('one', 'db', stop));
    expect(stack.planText(text)).toBe(NOTHING);
    const start = ({ stopped: _stopped, ...spec }: ContainerSpec): ContainerSpec => spec;
    const plan = stack.planRecorded('one', 'db', start);
    expect(plan.changes.map(({ address, reasons }) => [address, ...reasons])).toEqual([
      ['container.db', 'state stopped → running'],
      ['container.app', 'network namespace of db was replaced'],
    ]);
  });
});

describe.each(['pid', 'ipc'] as const)('%s: service', (key) => {
  const text = file(`${key}: service:db`);

  it('restarts with the other one', async () => {
    const stack = await applied(text);
    const reason = `${key} namespace of db was replaced`;
    expect(stack.planText(text, options)).toBe(restart(reason, db('restart requested'), PLANNED));
    stack.host.end('one.db', 1);
    expect(stack.planText(text)).toBe(restart(reason, db('process 1002 ended with 1')));
    await stack.apply(text);
    expect(stack.planText(text)).toBe(NOTHING);
  });
});

describe.each(KEYS)('%s: container', (key) => {
  it('restarts after that of another stack has another namespace', async () => {
    const other = 'bridges: [front], ipc: shareable';
    const owner = file('bridges: [front]', other, 'two');
    const text = file(`${key}: container:db`, '')
      .replace(/\n.*db: .*\n/, '\n')
      .replaceAll('10.77.1', '10.77.2');
    const stack = new MemoryStack();
    await stack.apply(owner);
    await stack.apply(text);
    expect(stack.planText(text)).toBe(NOTHING);
    await stack.apply(owner, { replace: [addressOf('container', 'db')] });
    const kind = key === 'network_mode' ? 'network' : key;
    expect(stack.planText(text)).toBe(restart(`${kind} namespace of db was replaced`));
    await stack.apply(text);
    expect(stack.planText(text)).toBe(NOTHING);
  });

  it('has to exist, outside of the file', () => {
    const stack = new MemoryStack();
    const at = `baleine.yaml:7:23: container app cannot share`;
    expect(() => stack.plan(file(`${key}: container:nobody`))).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/there is no such container/) }),
    );
    expect(() => stack.plan(file(`${key}: container:db`))).toThrow(`${at}`);
    expect(() => stack.plan(file(`${key}: container:db`))).toThrow(/it is of this file/);
  });
});

it('of which two stacks have one has to be named with its stack', async () => {
  const stack = new MemoryStack();
  const named = (name: string, net: number) =>
    file('bridges: [front]', 'bridges: [front]', name).replaceAll('10.77.1', `10.77.${net}`);
  await stack.apply(named('two', 2));
  await stack.apply(named('three', 3));
  const text = (of: string) => file(`network_mode: container:${of}`).replace(/\n.*db: .*\n/, '\n');
  expect(() => stack.plan(text('db'))).toThrow(/several stacks have one of that name/);
  await stack.apply(text('three.db'));
  expect(specOf(stack, 'app').network?.id).toBe('three.db');
  expect(stack.planText(text('three.db'))).toBe(NOTHING);
});
