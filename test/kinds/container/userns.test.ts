import { expect, it } from 'vitest';
import { checkCapacity } from '../../../src/kinds/container/capacity.js';
import type { ContainerSpec } from '../../../src/model/specs.js';
import { read } from '../../config/read.js';
import { MemoryStack } from '../../support/memory-stack.js';

const file = (containers: string, name = 'one') => `name: ${name}
images: { base: { size: 64M, from: { host: { binaries: [/bin/busybox] } }, command: [busybox] } }
containers: { ${containers} }
`;
const AUTO = 'image: base, userns: auto';

const idsOf = ({ rows }: MemoryStack) =>
  Object.fromEntries(
    rows
      .filter(({ kind }) => kind === 'container')
      .map(({ stack, name, spec }) => [
        `${stack}.${name}`,
        (spec as ContainerSpec).userns?.first as number,
      ]),
  );

it('replaces the container if it changes', async () => {
  const stack = new MemoryStack();
  await stack.apply(file('web: { image: base }'));
  const text = file(`web: { ${AUTO} }`);
  expect(stack.planText(text)).toBe(`baleine will perform the following actions:

  # container.web must be replaced (userns host → auto)
-/+ container.web
      ~ userns: host → auto  # forces replacement

Plan: 1 to add, 0 to change, 1 to destroy.`);
  await stack.apply(text);
  expect(stack.planText(text)).toBe('No changes. Your infrastructure matches the configuration.');
  expect(stack.planText(file('web: { image: base }'))).toContain(
    '# container.web must be replaced (userns auto → host)',
  );
});

it('assigns each container its own ids, and keeps them', async () => {
  const stack = new MemoryStack();
  await stack.apply(file(`web: { ${AUTO}, replicas: 3 }`));
  await stack.apply(file(`web: { ${AUTO} }, plain: { image: base }`, 'two'));
  const before = idsOf(stack);
  const ranges = Object.values(before).filter((each) => each !== undefined);
  expect(ranges).toHaveLength(4);
  for (const [index, first] of ranges.sort((a, b) => a - b).entries()) {
    expect(first).toBeGreaterThanOrEqual(0x7000_0000);
    expect(first - (ranges[index - 1] ?? 0)).toBeGreaterThanOrEqual(65_536);
  }
  expect(before['two.plain']).toBeUndefined();

  const again = file(`early: { ${AUTO} }, web: { ${AUTO}, replicas: 3, environment: { A: b } }`);
  await stack.apply(again);
  expect(idsOf(stack)).toMatchObject(before);
  expect(new Set(Object.values(idsOf(stack))).size).toBe(6);
});

it('does not reuse ids of a container about to be deleted', async () => {
  const stack = new MemoryStack();
  await stack.apply(file(`old: { ${AUTO} }`));
  const { 'one.old': old } = idsOf(stack);
  await stack.apply(file(`new: { ${AUTO} }`));
  expect(idsOf(stack)['one.new']).not.toBe(old);
});

it('is rejected at plan with its position if the kernel does not support it', () => {
  const config = read(file(`web: { ${AUTO} }`));
  const capacity = {
    cpus: () => '0',
    controller: () => undefined,
    isBlockDevice: () => false,
    addresses: () => [],
    listener: () => undefined,
    labelProblem: () => undefined,
    platformProblem: () => undefined,
    usernsProblem: () => 'sysctl user.max_user_namespaces is 0',
  };
  expect(() => checkCapacity(config, capacity)).toThrow(
    /^baleine\.yaml:3:\d+: no user namespace here: sysctl user\.max_user_namespaces is 0$/,
  );
  const { usernsProblem: _, ...rest } = capacity;
  checkCapacity(config, { ...rest, usernsProblem: () => undefined });
});
