import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { bridgeLink, installPaths, vethLink } from '../../../src/model/install-paths.js';
import { trailerOf } from '../../../src/state/table.js';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { treeOf, writeTree } from '../pool/tree.js';
import { headings, NOTHING, Stack } from '../stack/stack.js';

/** What baleine 0.1.0 wrote, with words in the place of names that depend on the root. */
const TABLES = resolve('test/kernel/state/release-0.1');

/** The file that it wrote them for. */
const SHOP = {
  name: 'shop',
  images: { box: SMALL_IMAGE },
  bridges: { front: { subnet: '10.77.1.0/24' } },
  volumes: { data: {}, spare: { protect: true } },
  containers: {
    db: {
      image: 'box',
      command: IDLE,
      bridges: { front: { address: '10.77.1.11' } },
      volumes: ['data:/data'],
      limits: { memory: '64M' },
    },
  },
};

/** The root after a reboot, its images lost: what 0.1 had of a volume is its folder and its row. */
function writeRoot(host: PrivateHost): void {
  const paths = installPaths(host.root);
  const words: Record<string, string> = {
    ROOT: paths.root,
    TAG: paths.tag,
    BRIDGE: bridgeLink(paths, 'shop', 'front'),
    VETH: vethLink(paths, 'shop.db', 'front'),
  };
  mkdirSync(host.root, { mode: 0o700 });
  for (const name of readdirSync(TABLES)) {
    const text = readFileSync(join(TABLES, name), 'utf8');
    const body = text.replaceAll(/\b(ROOT|TAG|BRIDGE|VETH)\b/g, (word) => words[word] ?? '');
    const rows = body.split('\n').length - 2;
    writeFileSync(join(host.root, name), `${body}${trailerOf(body, rows)}\n`);
  }
}

it(
  'a root of 0.1 is read, and converged without touching its volumes',
  inPrivateHost(async (host) => {
    writeRoot(host);
    const folders = ['shop/data', 'shop/spare', '-/kept'].map((name) =>
      join(host.root, 'volumes', name),
    );
    for (const folder of folders) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      await writeTree(host, folder);
    }
    const trees = () => Promise.all(folders.map((folder) => treeOf(host, folder)));
    const before = await trees();
    const stack = new Stack(host, SHOP);
    const table = () => readFileSync(join(host.root, 'volumes.csv'), 'utf8');
    const written = table();

    const check = await stack.run('state', 'check');
    expect(check).toMatchObject({ code: 0, stderr: '', stdout: '10 rows, all tables whole\n' });
    const listed = JSON.parse(await stack.done('volume', 'list', '--json'));
    expect(listed).toMatchObject([
      { name: 'kept', stack: '-', containers: ['_.alone'], unused: false },
      { name: 'data', stack: 'shop', containers: ['shop.db'], unused: false },
      { name: 'spare', stack: 'shop', containers: [], unused: false },
    ]);
    const planned = headings(await stack.plan());
    expect(planned).toContain('bridge.front will be created (lost: it is gone from the host)');
    expect(planned.filter((line) => line.startsWith('volume.'))).toEqual([]);
    expect(table()).toBe(written);

    await stack.apply();
    await stack.done('start', 'db');
    expect(await stack.plan()).toBe(NOTHING);
    expect(await trees()).toEqual(before);
    await stack.done('destroy', '-y');
    expect(await trees()).toEqual(before);

    // they are volumes like any other
    await stack.apply();
    await stack.done('volume', 'snapshot', 'data', 'first');
    await stack.done('volume', 'restore', 'data', 'first', '--as', 'again');
    expect(await treeOf(host, join(host.root, 'volumes/-/again'))).toBe(before[0]);
    await stack.done('volume', 'snapshots', 'rm', 'data', 'first');
    await stack.done('container', 'rm', '-f', 'alone');
    await stack.done('volume', 'rm', 'kept', 'again');
    await stack.done('image', 'rm', 'own');
    stack.write({ ...SHOP, volumes: { data: {}, spare: {} } });
    await stack.apply();
    await stack.destroy();
  }),
  120_000,
);
