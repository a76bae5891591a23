import { expect, it } from 'vitest';
import { hostsCopy } from '../../src/model/install-paths.js';
import type { ContainerSpec } from '../../src/model/specs.js';
import { MemoryStack } from '../support/memory-stack.js';

const EXTERNAL = { external: true };
const IMAGE = { from: { host: { binaries: ['/bin/busybox'] } }, command: ['busybox', 'httpd'] };
const USED = { images: { base: EXTERNAL }, bridges: { front: EXTERNAL } };
const web = (more: object = {}) => ({ image: 'base', bridges: { front: null }, ...more });
const NOTHING = 'No changes. Your infrastructure matches the configuration.';

/** An image, a bridge and a container `a`, one command each. */
async function made(): Promise<MemoryStack> {
  const stack = new MemoryStack();
  await stack.executePlan(stack.planImperative({ images: { base: IMAGE } }, ['image.base']));
  const front = { subnet: '10.77.1.0/24', host: '10.77.1.1' };
  await stack.executePlan(stack.planImperative({ bridges: { front } }, ['bridge.front']));
  await stack.executePlan(
    stack.planImperative({ ...USED, containers: { a: web() } }, ['container.a']),
  );
  return stack;
}

const addressOf = (stack: MemoryStack, name: string) => {
  const row = stack.rows.find(({ kind, name: each }) => kind === 'container' && each === name);
  return (row?.spec as ContainerSpec | undefined)?.links.map(({ address }) => address);
};

it('adds to the recorded resources, and tells the peers its name', async () => {
  const stack = await made();
  const plan = stack.planImperative({ ...USED, containers: { b: web() } }, ['container.b']);
  expect(
    plan.changes.map(({ address, action }) => `${action} ${address.replace(/-\w+$/, '')}`),
  ).toEqual(['refresh hosts.front', 'create container.b']);
  await stack.executePlan(plan);
  expect([addressOf(stack, 'a'), addressOf(stack, 'b')]).toEqual([
    ['10.77.1.2/24'],
    ['10.77.1.3/24'],
  ]);
  expect(stack.host.files.get(hostsCopy(stack.paths, '_.a'))?.text).toContain('10.77.1.3 b\n');
});

it('brings back the bridge with the container that is on it', async () => {
  const stack = await made();
  stack.host.reboot();
  const plan = stack.planRecorded('-', 'a', (spec) => spec);
  expect(plan.changes.map(({ address }) => address)).toEqual(['bridge.front', 'container.a']);
});

it('removes what was requested and nothing else', async () => {
  const stack = await made();
  await stack.executePlan(stack.planImperative({}, ['container.a'], ['container.a']));
  expect(stack.rows.map(({ kind, name }) => `${kind}.${name}`).sort()).toEqual([
    'bridge.front',
    'image.base',
  ]);
});

it('assigns no address twice, and none outside the subnet', async () => {
  const stack = await made();
  const at = (address: string) => () =>
    stack.planImperative({ ...USED, containers: { b: web({ bridges: { front: { address } } }) } }, [
      'container.b',
    ]);
  expect(at('10.77.1.2')).toThrow('10.77.1.2 is in use by a of stack -');
  expect(at('10.77.1.1')).toThrow('10.77.1.1 is the address of the host on bridge front');
  expect(at('10.99.1.1')).toThrow('10.99.1.1 is outside 10.77.1.0/24');
  const overlapping = { bridges: { other: { subnet: '10.77.0.0/16' } } };
  expect(() => stack.planImperative(overlapping, ['bridge.other'])).toThrow(
    'subnet 10.77.0.0/16 overlaps 10.77.1.0/24 of bridge front',
  );
});

it('reports errors like the checks of the file', async () => {
  const stack = await made();
  const wrong = { ...USED, containers: { b: web({ limits: { memory: 'much', cpus: -1 } }) } };
  expect(() => stack.planImperative(wrong, ['container.b'])).toThrow(
    /^cannot do it: containers\.b\.limits\.memory must be a size: .*, not "much"\ncannot do it: .*cpus/,
  );
});

it('lets a file use imperative resources, and never changes them', async () => {
  const stack = await made();
  const file = `name: shop
images: { base: { external: true } }
bridges: { front: { external: true } }
containers: { web: { image: base, bridges: [front] } }
`;
  const before = stack.rows.filter((row) => row.stack === '-');
  await stack.apply(file);
  expect(addressOf(stack, 'web')).toEqual(['10.77.1.3/24']);
  expect(stack.planText(file)).toBe(NOTHING);
  await stack.executePlan(stack.planDestroy('shop'));
  expect(stack.rows).toEqual(before);
});

it('does not expand dollar signs', async () => {
  const stack = await made();
  const command = ['sh', '-c', ['echo $HOME $', '{X} $$'].join('')];
  const words = { ...USED, containers: { b: web({ command }) } };
  await stack.executePlan(stack.planImperative(words, ['container.b']));
  const row = stack.rows.find(({ name }) => name === 'b');
  expect((row?.spec as ContainerSpec | undefined)?.args).toEqual(command);
});

it('gives a network its way out, which goes with it, and the image with the last', async () => {
  const stack = new MemoryStack();
  await stack.executePlan(stack.planImperative({ images: { base: IMAGE } }, ['image.base']));
  const changes = (plan: ReturnType<MemoryStack['plan']>) =>
    plan.changes
      .filter(({ address }) => !address.startsWith('hosts.'))
      .map(({ address, action }) => `${action} ${address}`);
  const create = (name: string, subnet: string) =>
    stack.planImperative({ bridges: { [name]: { subnet, egress: true } } }, [`bridge.${name}`]);
  const first = create('front', '10.77.1.0/24');
  expect(changes(first)).toEqual([
    'create image.egress',
    'create bridge.front',
    'create container.egress-front',
  ]);
  await stack.executePlan(first);
  const second = create('back', '10.77.2.0/24');
  expect(changes(second)).toEqual(['create bridge.back', 'create container.egress-back']);
  await stack.executePlan(second);
  await stack.executePlan(
    stack.planImperative({ ...USED, containers: { a: web() } }, ['container.a']),
  );
  const row = stack.rows.find(({ kind, name }) => kind === 'container' && name === 'a');
  expect((row?.spec as Partial<ContainerSpec> | undefined)?.links).toMatchObject([
    { address: '10.77.1.1/24', gateway: '10.77.1.254' },
  ]);
  stack.host.reboot();
  expect(changes(stack.planRecorded('-', 'a', (spec) => spec))).toEqual([
    'create bridge.front',
    'update container.egress-front',
    'update container.a',
  ]);
  await stack.executePlan(stack.planRecorded('-', 'a', (spec) => spec));
  await stack.executePlan(stack.planImperative({}, ['container.a'], ['container.a']));
  const remove = (name: string) => stack.planImperative({}, [`bridge.${name}`], [`bridge.${name}`]);
  expect(changes(remove('front')).sort()).toEqual([
    'delete bridge.front',
    'delete container.egress-front',
  ]);
  await stack.executePlan(remove('front'));
  expect(changes(remove('back')).sort()).toEqual([
    'delete container.egress-back',
    'delete image.egress',
    'forget bridge.back',
  ]);
  await stack.executePlan(remove('back'));
  expect(stack.rows.map(({ kind, name }) => `${kind}.${name}`)).toEqual(['image.base']);
});
