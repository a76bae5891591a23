import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { BASE, Data, DB, NAMES, SIZED, VOLUMES } from './data.js';
import { Stack, type StackFile } from './stack.js';

const without = <T extends object>(all: T, ...names: string[]) =>
  Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name)));

interface Edit {
  name: string;
  file: StackFile | string;
  /** To run after it was applied. */
  next?: string[][];
  /** Containers are to be stopped first. */
  isStopped?: boolean;
  /** Of an apply that refuses. */
  error?: RegExp;
}

const { jobs: _jobs, ...IDLE_FILE } = BASE;
const db = (more: object) => ({ ...IDLE_FILE, containers: { db: { ...DB, ...more } } });
const volumes = (more: object, mounts = NAMES) => ({
  ...IDLE_FILE,
  volumes: more,
  containers: { db: { ...DB, volumes: mounts.map((name) => `${name}:/${name}`) } },
});

/** Everything in a file that a volume's data could depend on, each edit applied to what the last one left. */
const EDITS: Edit[] = [
  { name: 'a renamed container', file: { ...IDLE_FILE, containers: { store: DB } } },
  { name: 'another bridge', file: db({ bridges: ['back'] }) },
  { name: 'another image', file: db({ image: 'large' }), next: [['rollback', '-y', 'db']] },
  { name: 'the end of its rollback', file: BASE, next: [['rollback', '--undo', 'db']] },
  { name: 'replicas', file: db({ replicas: 3 }), next: [['up', '-d', '--scale', 'db=1']] },
  { name: 'no replicas', file: db({ replicas: 0 }) },
  { name: 'no mounts', file: db({ volumes: [] }) },
  {
    name: 'a folder of the host in the place of volumes',
    file: db({ volumes: ['/var:/plain:ro'] }),
  },
  { name: 'no container', file: { ...IDLE_FILE, containers: {} } },
  {
    name: 'a renamed volume',
    file: volumes({ ...without(VOLUMES, 'plain'), other: {} }, ['other', 'sized']),
  },
  {
    name: 'one without its line',
    file: volumes(without(VOLUMES, 'plain', 'sized'), ['kept', 'quota']),
    next: [['apply', '-y', '--quiet', '--lock-skip']],
  },
  { name: 'none', file: volumes({}, []) },
  { name: 'nothing but the name', file: { name: 'shop' } },
  { name: 'all again', file: BASE },
  { name: 'not protected', file: volumes({ ...VOLUMES, kept: {}, quota: SIZED }) },
  { name: 'more room', file: volumes({ ...VOLUMES, sized: { size: '40M' } }), isStopped: true },
  { name: 'less room', file: volumes({ ...VOLUMES, sized: { size: '28M' } }), isStopped: true },
  {
    name: 'too little room',
    file: volumes({ ...VOLUMES, sized: { size: '2M' } }),
    isStopped: true,
    error: /its data takes .*, more than 2M/,
  },
  {
    name: 'a size taken away, and one given',
    file: volumes({ ...VOLUMES, sized: {}, plain: SIZED }),
    isStopped: true,
  },
  { name: 'back', file: BASE, isStopped: true },
  {
    name: 'owner, mode, labels and snapshots',
    file: volumes({
      ...VOLUMES,
      plain: { labels: ['a=b'], snapshots: { schedule: '0 0 1 1 *', keep: { last: 1 } } },
    }),
  },
  {
    name: 'another form of a mount',
    file: db({
      volumes: NAMES.map((source) => ({
        ...{ type: 'volume', source, target: `/${source}` },
        ...{ read_only: true, volume: { nocopy: true } },
      })),
    }),
  },
  {
    name: 'an external volume in its place',
    file: volumes({ ...VOLUMES, plain: { external: true } }),
    error: /./,
  },
  {
    name: 'a stack of another name',
    file: { name: 'store', volumes: { plain: {}, sized: SIZED } },
    next: [
      ['destroy', '-y', '--volumes'],
      ['apply', '-y'],
      ['destroy', '-y'],
      ['volume', 'rm', '--stack', 'store', 'plain', 'sized'],
    ],
  },
  { name: 'no file', file: '', error: /./ },
  { name: 'no stack', file: '{"name": "shop", "volumes": [}', error: /./ },
];

it(
  'no edit of the file loses what is in a volume',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, BASE);
    const data = new Data(stack);
    await stack.apply();
    await data.write();
    for (const { name, file, next = [], isStopped, error } of EDITS) {
      if (isStopped) await stack.done('stop');
      stack.write(file);
      const { code, stderr } = await stack.run('apply', '-y');
      expect({ name, code, stderr }).toEqual({
        ...{ name, code: error ? 1 : 0 },
        stderr: error ? expect.stringMatching(error) : stderr,
      });
      await data.check(name);
      for (const words of next) {
        const ran = await stack.run(...words);
        expect({ name, words, ...ran }).toMatchObject({ name, words, code: expect.any(Number) });
        await data.check(`${name}, ${words.join(' ')}`);
      }
    }
    await data.remove();
  }),
  300_000,
);
