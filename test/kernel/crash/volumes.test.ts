import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { IDLE } from '../../support/small-image.js';
import { CutOff, someOf } from './cut-off.js';

const MAKE = 'busybox mkdir -p /data/sub; for n in 1 2 3; do echo $n >/data/sub/$n; done';
const words = (containers: object) =>
  JSON.stringify({
    name: 'shop',
    images: {
      box: {
        size: '16M',
        from: { host: { binaries: ['/bin/busybox', '/bin/sh'] } },
        run: [`${MAKE}; busybox chown -R 7:8 /data; busybox chmod 700 /data`],
      },
    },
    volumes: { data: {} },
    containers,
  });
const DB = { image: 'box', command: IDLE, volumes: ['data:/data'] };

it.each([
  { name: 'created', before: undefined },
  { name: 'mounted for the first time', before: words({}) },
])(
  'a volume that is $name has all of its first content, however often the run is killed',
  ({ before }) =>
    inPrivateHost(async (host) => {
      const file = join(host.dir, 'baleine.yaml');
      const volume = join(host.root, 'volumes/shop/data');
      const cutOff = new CutOff(host);
      const apply = ['apply', '-y', '-f', file];
      const begin = async () => {
        writeFileSync(file, before ?? words({}));
        await host.baleine([...apply, ...(before ? [] : ['--target', 'image.box'])]);
        writeFileSync(file, words({ db: DB }));
      };
      const end = () => host.baleine(['destroy', '-y', '--volumes', '-f', file]);
      await begin();
      const effects = await cutOff.effects(apply);
      await end();
      const own = effects.filter((each) => /volumes\/shop|\btar\b|\bsync\b|once/.test(each));
      expect(own.length).toBeGreaterThan(4);

      let kills = 0;
      for (const point of someOf(own, 5, 0)) {
        await begin();
        if ((await cutOff.at(apply, point, 'SIGKILL')).code !== 0) kills += 1;
        await host.baleine(apply);
        const found = readdirSync(join(volume, 'sub')).map((name) =>
          readFileSync(join(volume, 'sub', name), 'utf8'),
        );
        const owner = (await host.run('stat', ['-c', '%u:%g %a', volume])).stdout;
        const beside = readdirSync(join(volume, '..'));
        expect({ point, found, owner, beside }).toEqual({
          point,
          found: ['1\n', '2\n', '3\n'],
          owner: '7:8 700\n',
          beside: ['data'],
        });
        await end();
        expect({ point, leaks: await host.leaks() }).toEqual({ point, leaks: [] });
      }
      expect(kills).toBeGreaterThan(3);
    })(),
  process.env.CRASH_ALL ? 1_800_000 : 300_000,
);
