import { describe, expect, it } from 'vitest';
import type { BridgeSpec, ContainerSpec } from '../../src/model/specs.js';
import { MemoryStack } from '../support/memory-stack.js';

const file = (name: string, subnet: string, container = '') => `name: ${name}
images: { base: { from: { directory: / }, command: [${name}] } }
bridges: { front: { subnet: ${subnet} } }
volumes: { data: {} }
containers: { web: { image: base, bridges: [front], volumes: ["data:/data"]${container} } }
`;
const ONE = file('one', '10.77.1.0/24');
const TWO = file('two', '10.77.2.0/24');
const EXTERNAL = `name: three
images: { base: { external: true } }
bridges: { front: { external: true } }
containers: { web: { image: base, bridges: [front] } }
`;

const specOf = <Spec>({ rows }: MemoryStack, stack: string, kind: string) =>
  rows.find((row) => row.stack === stack && row.kind === kind)?.spec as Spec;

describe('stacks with the same names', () => {
  it('each have their own bridge, image, volume and container', async () => {
    const stack = new MemoryStack();
    await stack.apply(ONE);
    await stack.apply(TWO);
    const links = ['one', 'two'].map((each) => specOf<BridgeSpec>(stack, each, 'bridge').link);
    expect(new Set(links).size).toBe(2);
    const webs = ['one', 'two'].map((each) => specOf<ContainerSpec>(stack, each, 'container'));
    expect(webs.map(({ links }) => links[0])).toMatchObject([
      { bridge_link: links[0], address: '10.77.1.1/24' },
      { bridge_link: links[1], address: '10.77.2.1/24' },
    ]);
    expect(new Set(webs.map(({ image }) => image.file)).size).toBe(2);
    expect(new Set(webs.map(({ mounts }) => mounts[0]?.source)).size).toBe(2);
    await stack.executePlan(stack.planDestroy('two'));
    expect(stack.host.links.has(links[0] ?? '')).toBe(true);
    expect(stack.planText(ONE)).toContain('No changes.');
  });

  it('keep the host name a bridge was created with', async () => {
    const stack = new MemoryStack();
    await stack.apply(ONE);
    const row = stack.rows.find(({ kind }) => kind === 'bridge');
    const spec = row?.spec as BridgeSpec;
    const seen = stack.host.links.get(spec.link);
    stack.host.links.set('bb-older', { ...(seen as NonNullable<typeof seen>), name: 'bb-older' });
    stack.host.removeLink(spec.link);
    spec.link = 'bb-older';
    const { links } = specOf<ContainerSpec>(stack, 'one', 'container');
    for (const link of links) {
      link.bridge_link = 'bb-older';
      const end = stack.host.links.get(link.link);
      if (end) end.master = 'bb-older';
    }
    expect(stack.planText(ONE)).toContain('No changes.');
  });
});

describe('an external resource', () => {
  it('is rejected if two stacks have one with that name', async () => {
    const stack = new MemoryStack();
    await stack.apply(ONE);
    await stack.apply(TWO);
    expect(() => stack.plan(EXTERNAL)).toThrow(
      'baleine.yaml:2:11: image base is external, and one and two each have one with that name',
    );
  });

  it('stays the same even if others use the name later', async () => {
    const stack = new MemoryStack();
    await stack.apply(ONE);
    await stack.apply(EXTERNAL);
    const before = specOf<ContainerSpec>(stack, 'three', 'container');
    await stack.apply(TWO);
    const hand = { images: { base: { from: { directory: '/' } } } };
    await stack.executePlan(stack.planImperative(hand, ['image.base']));
    expect(stack.planText(EXTERNAL)).toContain('No changes.');
    expect(specOf<ContainerSpec>(stack, 'three', 'container')).toEqual(before);
    expect(before.links[0]).toMatchObject({
      bridge_link: specOf<BridgeSpec>(stack, 'one', 'bridge').link,
      address: '10.77.1.2/24',
    });
  });

  it('resolves to an imperative one before one of a stack', async () => {
    const stack = new MemoryStack();
    await stack.apply(ONE);
    const hand = {
      bridges: { front: { subnet: '10.77.9.0/24' } },
      images: { base: { from: { directory: '/' }, command: ['x'] } },
    };
    await stack.executePlan(stack.planImperative(hand, ['bridge.front', 'image.base']));
    await stack.apply(EXTERNAL);
    expect(specOf<ContainerSpec>(stack, 'three', 'container').links[0]?.bridge_link).toBe(
      specOf<BridgeSpec>(stack, '-', 'bridge').link,
    );
  });
});
