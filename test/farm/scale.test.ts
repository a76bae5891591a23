import { describe, expect, it } from 'vitest';
import { scaleTargets } from '../../src/farm/scale.js';
import { MemoryStack } from '../support/memory-stack.js';

const file = (replicas: number) => `
name: shop
images: { web: { from: { directory: / }, command: [httpd] } }
bridges: { front: { subnet: 10.77.1.0/24, host: 10.77.1.1 } }
containers: { db: { image: web } }
farms:
  web:
    servers: { image: web, replicas: ${replicas}, bridges: [front], port: 80 }
    proxy: { image: web, bridges: [front], listen: 80 }
`;

const servers = (stack: MemoryStack) =>
  stack.rows.map(({ name }) => name).filter((name) => name.startsWith('web-server-'));

async function scaled(to: number): Promise<MemoryStack> {
  const stack = new MemoryStack();
  await stack.apply(file(2));
  await stack.apply(file(2), { scale: { web: to } });
  return stack;
}

describe('a farm scaled by command', () => {
  it('is noted in the plan', async () => {
    const stack = new MemoryStack();
    await stack.apply(file(2));
    expect(stack.plan(file(2), { scale: { web: 3 } }).changes).toMatchObject([
      { address: 'hosts.front-7a66a5' },
      { address: 'container.web-server-3', action: 'create' },
      { address: 'config.web-proxy', reasons: ['text changed', 'scaled to 3'] },
    ]);
  });

  it('stays scaled while the file has the same number', async () => {
    const stack = await scaled(3);
    expect(servers(stack)).toHaveLength(3);
    expect(stack.planText(file(2))).toBe(
      [
        'No changes. Your infrastructure matches the configuration.',
        '',
        'Left as it is:',
        '  config.web-proxy is scaled to 3 servers by `baleine scale`; the file has 2',
      ].join('\n'),
    );
  });

  it.each([
    ['another number in the file', undefined, 4],
    ['the file’s number requested', 2, 2],
    ['another number requested', 1, 2],
  ])('changes with %s', async (_, asked, says) => {
    const stack = await scaled(3);
    await stack.apply(file(says), asked === undefined ? {} : { scale: { web: asked } });
    expect(servers(stack)).toHaveLength(asked ?? says);
    const { notes } = stack.plan(file(says));
    expect(notes === undefined).toBe((asked ?? says) === says);
  });
});

it('targets its servers, including removed ones, its configuration and host names', async () => {
  const stack = await scaled(3);
  const targets = scaleTargets(['web'], 'shop', [], stack.rows);
  expect([...targets].sort()).toEqual([
    'config.web-proxy',
    'container.web-server-1',
    'container.web-server-2',
    'container.web-server-3',
    'hosts.front-7a66a5',
    'hosts.none-4f53cd',
  ]);
  expect(scaleTargets(['other'], 'shop', [], stack.rows).join()).not.toContain('web');
});
