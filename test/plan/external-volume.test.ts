import { describe, expect, it } from 'vitest';
import { MemoryStack } from '../support/memory-stack.js';

const OWNER = `name: db
volumes: { data: {} }
bridges: { shared: { subnet: 10.0.0.0/24, host: 10.0.0.1 } }
`;
const USER = `name: shop
images: { base: { from: { directory: / }, command: [run] } }
bridges: { back: { external: true, name: shared } }
volumes: { files: { external: true, name: data } }
containers: { web: { image: base, bridges: [back], volumes: ["files:/data:ro"] } }
`;

const rowsOf = ({ rows }: MemoryStack, stack: string) =>
  rows.filter((row) => row.stack === stack).map(({ kind, name }) => `${kind}.${name}`);

describe('an external volume', () => {
  it('is mounted, and neither created, filled nor removed', async () => {
    const stack = new MemoryStack();
    await stack.apply(OWNER);
    expect(stack.planText(USER)).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # image.base will be created (new)
        + image.base
            + size: 512M
            + from.directory: /
            + command: ["run"]

        # container.web will be created (new)
        + container.web
            + image: base
            + command: ["run"]
            + bridges.back: 10.0.0.2/24
            + volumes: ["/var/lib/baleine/volumes/db/data:/data:ro"]

      Files derived from others follow for: hosts.back-d2aa69

      Plan: 2 to add, 0 to change, 0 to destroy."
    `);
    await stack.apply(USER);
    expect(stack.planText(USER)).toContain('No changes.');
    expect(rowsOf(stack, 'shop')).toMatchInlineSnapshot(`
      [
        "hosts.back-d2aa69",
        "image.base",
        "container.web",
      ]
    `);
    await stack.executePlan(stack.planDestroy('shop'));
    expect(rowsOf(stack, 'shop')).toEqual([]);
    expect(rowsOf(stack, 'db')).toEqual(['bridge.shared', 'volume.data']);
    expect(stack.planText(OWNER)).toContain('No changes.');
  });

  it('has the name of its key, without another', async () => {
    const stack = new MemoryStack();
    await stack.apply(OWNER);
    expect(stack.planText('name: shop\nvolumes: { data: { external: true } }\n')).toContain(
      'No changes.',
    );
  });

  it('must exist, also if nothing mounts it', async () => {
    const stack = new MemoryStack();
    expect(() => stack.plan('name: shop\nvolumes: { data: { external: true } }\n')).toThrow(
      'baleine.yaml:2:12: volume data is external, but this host has no volume of that name',
    );
    expect(() =>
      stack.plan('name: shop\nvolumes: { data: { external: true, name: other } }\n'),
    ).toThrow(
      'baleine.yaml:2:12: volume other is external, but this host has no volume of that name',
    );
    // not its own, which has left the file
    await stack.apply('name: shop\nvolumes: { data: {} }\n');
    expect(() => stack.plan('name: shop\nvolumes: { data: { external: true } }\n')).toThrow(
      'volume data is external, but',
    );
  });

  it('is of the stack it was first taken from, or that of a command', async () => {
    const stack = new MemoryStack();
    await stack.apply(OWNER);
    await stack.apply(USER);
    await stack.apply('name: other\nvolumes: { data: {} }\n');
    expect(stack.planText(USER)).toContain('No changes.');
    expect(() =>
      stack.plan('name: new\nvolumes: { files: { external: true, name: data } }\n'),
    ).toThrow(
      'baleine.yaml:2:12: volume data is external, and db and other each have one with that name',
    );
  });
});

it('an external bridge may have another name there', () => {
  const stack = new MemoryStack();
  expect(() =>
    stack.plan('name: shop\nbridges: { back: { external: true, name: shared } }\n'),
  ).toThrow(
    'baleine.yaml:2:12: bridge shared is external, but this host has no bridge of that name',
  );
});
