import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Context } from '../../src/app/context.js';
import { scopedStack, stackName } from '../../src/app/lookup.js';

const dir = mkdtempSync(join(tmpdir(), 'local-only-'));
afterAll(() => rmSync(dir, { recursive: true }));

function contextOf(engine: 'local' | 'swarm'): Context {
  const file = join(dir, `${engine}.yaml`);
  const how = engine === 'swarm' ? 'engine: swarm\n' : '';
  writeFileSync(file, `name: shop\n${how}bridges: { back: { subnet: 10.9.0.0/24 } }\n`);
  return new Context({ file, root: join(dir, 'root'), color: false });
}

it('refuses the stack of a file that is on a swarm, without asking that', async () => {
  const refused = /^cannot do this: a swarm runs the stack, not this host$/;
  await expect(stackName(contextOf('swarm'))).rejects.toThrow(refused);
  await expect(scopedStack(contextOf('swarm'), undefined, 'file', ['a'])).rejects.toThrow(refused);
});

it('takes a stack of this host, and one by its name', async () => {
  expect(await stackName(contextOf('local'))).toBe('shop');
  expect(await stackName(contextOf('swarm'), 'other')).toBe('other');
});
