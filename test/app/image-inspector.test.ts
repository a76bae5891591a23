import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ImageInspector } from '../../src/app/image-inspector.js';
import type { ImageOrigin } from '../../src/model/specs.js';

let uptime = 0;
beforeEach(() => void vi.spyOn(process, 'uptime').mockImplementation(() => uptime));
afterEach(() => void vi.restoreAllMocks());

const image = (registry: string) => ({ registry });

it('inspects each image once, even if that fails', async () => {
  const look = vi.fn(async () => {
    throw new Error('no');
  });
  const inspector = new ImageInspector(look);
  for (const _ of [1, 2]) await expect(inspector.inspect(image('a.b/x'))).rejects.toThrow('no');
  expect(look).toHaveBeenCalledTimes(1);
  await expect(inspector.inspect(image('a.b/y'))).rejects.toThrow('no');
  expect(look).toHaveBeenCalledTimes(2);
});

it('does not ask a registry again after a slow failure, and asks others as before', async () => {
  const looked: string[] = [];
  const inspector = new ImageInspector(async (from) => {
    const { registry } = from as { registry: string };
    looked.push(registry);
    if (registry.startsWith('good')) return {} as ImageOrigin;
    uptime += 15;
    throw new Error('no end after 15s');
  });
  await expect(inspector.inspect(image('slow:5000/a'))).rejects.toThrow('no end');
  await expect(inspector.inspect(image('slow:5000/b'))).rejects.toThrow(
    'cannot read slow:5000/b: slow:5000 did not answer in time before',
  );
  await inspector.inspect(image('good:5000/a'));
  // of one registry, whatever the name
  await expect(inspector.inspect(image('nginx'))).rejects.toThrow('no end');
  await expect(inspector.inspect(image('library/redis:7'))).rejects.toThrow('docker.io did not');
  expect(looked).toEqual(['slow:5000/a', 'good:5000/a', 'nginx']);
});
