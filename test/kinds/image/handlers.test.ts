import { expect, it } from 'vitest';
import type { Host } from '../../../src/host/ports.js';
import { imageHandlers } from '../../../src/kinds/image/handlers.js';
import type { ImageVerbs } from '../../../src/kinds/image/steps.js';
import { DiskFullError } from '../../../src/model/errors.js';
import type { Facts } from '../../../src/model/step.js';

type Build = ImageVerbs['image.build'];

/** A host that only records its calls, and fails at the call that begins with `failing`. */
function noting(
  failing?: string,
  why: string | Error = 'no',
  stage?: string,
): { host: Host; calls: string[] } {
  const calls: string[] = [];
  const note = async (...words: unknown[]) => {
    const call = words
      .map((word) => (typeof word === 'string' ? word : JSON.stringify(word)))
      .join(' ');
    calls.push(call);
    if (failing && call.startsWith(failing)) {
      throw typeof why === 'string' ? new Error(why) : why;
    }
  };
  const filled = async (call: Promise<void>, fill: (tree: string) => Promise<void>) => {
    await call;
    await fill('/tree');
    calls.push('done');
  };
  const port = (name: string): Record<string, (...args: unknown[]) => Promise<void>> =>
    new Proxy(
      {},
      {
        get:
          (_, verb) =>
          (...args: unknown[]) =>
            note(`${name}.${String(verb)}`, ...args),
      },
    );
  const host = {
    disks: {
      create: (file: string, size: number, fill: (tree: string) => Promise<void>) =>
        filled(note('disks.create', file, size), fill),
      derive: (from: string, to: string, size: number, fill?: (tree: string) => Promise<void>) =>
        fill
          ? filled(note('disks.derive', from, to, size), fill)
          : note('disks.derive', from, to, size),
    },
    rootfs: {
      ...{ debian: port('rootfs').debian, extract: port('rootfs').extract },
      ...{ host: port('rootfs').host, copy: port('rootfs').copy },
      debianInputs: async () => ({ content: 'archives', state: 'today' }),
    },
    images: port('images'),
    imageCache: {
      find: async (...args: unknown[]) => {
        await note('imageCache.find', ...args);
        return stage;
      },
      keep: async (id: string, _inputs: unknown, make: (file: string) => Promise<void>) => {
        await note('imageCache.keep', id);
        await make('/c/new.img');
        return '/c/made.img';
      },
      drop: (id: string) => note('imageCache.drop', id),
    },
    runtime: port('runtime'),
    files: port('files'),
  } as unknown as Host;
  return { host, calls };
}

async function built(more: Partial<Build>, ...how: Parameters<typeof noting>): Promise<string[]> {
  const { host, calls } = noting(...how);
  const handler = imageHandlers(host)['image.build'];
  if (!('one' in handler)) throw new Error('images are built one by one');
  const args = {
    id: 'shop.a',
    file: '/i/a.img',
    size: 1,
    from: { tar: '/t' },
    copy: [],
    run: [],
    environment: {},
  };
  try {
    const facts = (await handler.one({ ...args, ...more })) as Facts | undefined;
    expect(Date.parse(String(facts?.created_at))).toBeGreaterThan(Date.now() - 10_000);
  } catch (error) {
    calls.push(String(error));
  }
  return calls;
}

it.each([
  [{ tar: '/t' }, 'rootfs.extract /t /tree'],
  [{ directory: '/d' }, 'rootfs.copy /d /tree /'],
  [{ host: { binaries: ['/b'], files: [] } }, 'rootfs.host {"binaries":["/b"],"files":[]} /tree'],
])('creates a new file from %j', async (from, call) => {
  expect(await built({ from })).toEqual([
    'files.ensureDir /i',
    'imageCache.drop shop.a',
    'disks.create /i/a.img 1',
    call,
    'done',
  ]);
});

it('copies files before it runs commands, each in order', async () => {
  const copy = [
    { from: '/x', to: '/1', owner: '0:0' },
    { from: '/y', to: '/2', owner: '1:1', mode: '0600' },
  ];
  const calls = await built({ copy, run: ['a', 'b c'], environment: { K: 'v' } });
  expect(calls.slice(4)).toEqual([
    'rootfs.copy /x /tree /1 {"owner":"0:0"}',
    'rootfs.copy /y /tree /2 {"owner":"1:1","mode":"0600"}',
    'runtime.runOneOff /tree ["/bin/sh","-c","a"] {"environment":{"K":"v"}}',
    'runtime.runOneOff /tree ["/bin/sh","-c","b c"] {"environment":{"K":"v"}}',
    'done',
  ]);
});

const DEBIAN = { debian: { suite: 's', packages: ['p'], variant: 'v' } };
const COPY = [{ from: '/x', to: '/1', owner: '0:0' }];
const COPIED = 'rootfs.copy /x /tree /1 {"owner":"0:0"}';

it('makes the first stage once, and the image on a copy of it', async () => {
  const find =
    'imageCache.find shop.a {"content":{"size":1,"debian":{"suite":"s","packages":["p"],"variant":"v"},"content":"archives"},"state":"today"}';
  expect(await built({ from: DEBIAN, copy: COPY })).toEqual([
    ...['files.ensureDir /i', find, 'imageCache.keep shop.a', 'disks.create /c/new.img 1'],
    'rootfs.debian {"suite":"s","packages":["p"],"variant":"v"} /tree',
    ...['done', 'disks.derive /c/made.img /i/a.img 1', COPIED, 'done'],
  ]);
  expect(await built({ from: DEBIAN, copy: COPY }, undefined, undefined, '/c/kept.img')).toEqual([
    ...['files.ensureDir /i', find, 'disks.derive /c/kept.img /i/a.img 1', COPIED, 'done'],
  ]);
});

it('keeps no stage of an archive of which nobody knows when it changes', async () => {
  const { host, calls } = noting();
  host.rootfs.debianInputs = async () => undefined;
  const handler = imageHandlers(host)['image.build'] as { one: (args: Build) => Promise<Facts> };
  const file = '/i/a.img';
  await handler.one({
    id: 'shop.a',
    file,
    size: 1,
    from: DEBIAN,
    copy: [],
    run: [],
    environment: {},
  });
  expect(calls.filter((each) => /^imageCache\.(find|keep)/.test(each))).toEqual([]);
  expect(calls).toContain('disks.create /i/a.img 1');
});

it('knows a foreign image by its layers alone', async () => {
  const origin = { layers: 'l', image: 'i', bytes: 1, config: { environment: {} } };
  const from = { registry: 'r:1' };
  expect(await built({ from, origin }, undefined, undefined, '/c/kept.img')).toEqual([
    'files.ensureDir /i',
    'imageCache.find shop.a {"content":{"size":1,"layers":"l"}}',
    'disks.derive /c/kept.img /i/a.img 1',
  ]);
});

it('does without a stage where the host has no room for one', async () => {
  const full = new DiskFullError('full');
  const calls = await built({ from: DEBIAN, copy: COPY }, 'disks.derive', full, '/c/kept.img');
  expect(calls.slice(2)).toEqual([
    ...['disks.derive /c/kept.img /i/a.img 1', 'imageCache.drop shop.a', 'disks.create /i/a.img 1'],
    'rootfs.debian {"suite":"s","packages":["p"],"variant":"v"} /tree',
    ...[COPIED, 'done'],
  ]);
  const other = await built({ from: DEBIAN, copy: COPY }, 'disks.derive', 'no', '/c/kept.img');
  expect(other.slice(2)).toEqual(['disks.derive /c/kept.img /i/a.img 1', 'Error: no']);
});

it('works on a copy of the base', async () => {
  expect(await built({ from: { image: 'b' }, base: '/i/b.img', run: ['a'] })).toEqual([
    'files.ensureDir /i',
    'disks.derive /i/b.img /i/a.img 1',
    'runtime.runOneOff /tree ["/bin/sh","-c","a"] {"environment":{}}',
    'done',
  ]);
});

it('stops at the first failing command', async () => {
  const calls = await built({ run: ['a', 'b'] }, 'runtime.runOneOff /tree ["/bin/sh","-c","a"]');
  expect(calls.at(-1)).toBe('Error: no');
  expect(calls.join('\n')).not.toContain('"b"');
});

it.each(['cp: x: No space left on device', 'tar: x: Wrote only 6656 of 10240 bytes'])(
  'reports what to do if the image is full: %s',
  async (why) => {
    const handler = imageHandlers(noting('disks.create', why).host)['image.build'] as {
      one: (args: Build) => Promise<unknown>;
    };
    const none = { copy: [], run: [], environment: {} };
    const args = { id: 'shop.a', file: '/i/a', size: 1, from: { tar: '/t' }, ...none };
    await expect(handler.one(args)).rejects.toMatchObject({
      message: why,
      hint: expect.stringContaining('increase its `size`'),
    });
  },
);
