import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { configCache, installPaths } from '../../../src/model/install-paths.js';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { headings, NOTHING, PAIR, SERVER, Stack } from './stack.js';

const { a, b } = PAIR.containers;
const page = {
  from: { image: 'box' },
  copy: [{ from: './motd', to: '/motd' }],
  command: SERVER.command,
};
// biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the file
const environment = { MODE: '${MODE:-calm}' };
const FORGOTTEN = 'volumes/pair/data exists and is in no state file';
const STACK = {
  ...PAIR,
  images: { ...PAIR.images, page },
  containers: { a: { ...a, image: 'page', environment }, b },
};

it(
  'the first run without changes records that file and state are in sync; the host is still observed',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, STACK);
    const motd = join(host.dir, 'motd');
    writeFileSync(motd, 'hello\n');
    await stack.apply();

    expect(await cached(host)).toMatchObject({ inSync: false });
    await stack.apply('--quiet');
    const noted = await cached(host);
    expect(noted).toMatchObject({ inSync: true });
    await stack.apply('--quiet');
    expect(await stack.plan()).toBe(NOTHING);
    expect(await cached(host)).toEqual(noted);

    writeFileSync(motd, 'goodbye\n');
    expect(headings(await stack.plan())).toEqual([
      'image.page will be updated in-place (content of its local files has changed)',
      'container.a must be replaced (image page has changed)',
    ]);
    writeFileSync(motd, 'hello\n');
    expect(await stack.plan()).toBe(NOTHING);

    const words = ['--file', stack.file, 'plan'];
    const { stdout } = await host.baleine(words, { env: { MODE: 'wild' } });
    expect(headings(stdout)).toEqual(['container.a must be replaced (environment changed)']);

    stack.write({ ...STACK, containers: { ...STACK.containers, b: { ...b, protect: true } } });
    expect(headings(await stack.plan())).toEqual([
      'container.b will be updated in-place (protect false → true)',
    ]);
    stack.write(STACK);
    expect(await stack.plan()).toBe(NOTHING);

    expect(headings(await stack.plan('--replace', 'container.b'))).toEqual([
      'container.b must be replaced (requested)',
    ]);
    await stack.destroy();
  }),
);

it(
  'being in sync ends when the state changes: the next plan recreates a forgotten row',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);
    for (const _ of [1, 2, 3]) await stack.apply();

    await stack.done('state', 'rm', 'volume.data');
    const { code, stderr } = await stack.run('apply', '-y', '--quiet');
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(FORGOTTEN) });
    await stack.done('import', 'volume.data');
    for (const _ of [1, 2, 3]) await stack.apply();
    expect(await stack.plan()).toBe(NOTHING);
    await stack.destroy();
  }),
);

/** The cache of the file: whether it is marked as in sync, and inode and time of its last write. */
async function cached(host: PrivateHost): Promise<{ inSync: boolean; stat: string }> {
  const look = ['-c', 'cat "$0"/*.json; echo; stat --format "%i %y" "$0"/*.json'];
  const { stdout } = await host.run('sh', [...look, configCache(installPaths(host.root))]);
  const lines = stdout.trimEnd().split('\n');
  return { inSync: lines.some((each) => each.startsWith('{"mark":')), stat: lines.at(-1) ?? '' };
}
