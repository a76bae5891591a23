import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { CutOff, someOf } from './cut-off.js';

const PLAIN = JSON.stringify({
  name: 'pair',
  images: { box: SMALL_IMAGE },
  bridges: { front: { subnet: '10.77.1.0/24', host: '10.77.1.1' } },
  volumes: { data: {} },
  containers: {
    a: {
      image: 'box',
      command: IDLE,
      stop_signal: 'SIGKILL',
      bridges: { front: { address: '10.77.1.11' } },
      volumes: ['data:/data'],
    },
  },
});
const FARM = readFileSync('examples/web-farm/baleine.yaml', 'utf8').replace(
  'replicas: 3',
  'replicas: 1',
);

/** Writing or renaming a file, under its temporary or its final name. */
const WRITE = /^(open|openSync|rename|renameSync|writeFileSync) /;

it.each([
  { name: 'names on a bridge', file: PLAIN, folder: 'hosts', few: 9 },
  { name: 'a generated configuration', file: FARM, folder: 'configs', few: 2 },
])(
  'destroy removes files that a killed run was writing, recorded or not: $name',
  ({ file: text, folder, few }) =>
    inPrivateHost(async (host) => {
      const file = join(host.dir, 'baleine.yaml');
      writeFileSync(file, text);
      const cutOff = new CutOff(host);
      const apply = ['apply', '-y', '--parallelism', '1', '-f', file];
      const destroy = ['destroy', '-y', '--volumes', '-f', file];
      const effects = await cutOff.effects(apply);
      await host.baleine(destroy);
      const writes = effects.filter((each) => WRITE.test(each));
      const first = writes.findIndex((each) => each.includes(`/${folder}/`));
      expect(first).toBeGreaterThan(0);

      let kills = 0;
      const points = new Set([...writes.slice(first, first + 2), ...someOf(writes, few, 0)]);
      for (const point of points) {
        if ((await cutOff.at(apply, point, 'SIGKILL')).code !== 0) kills += 1;
        await host.baleine(destroy);
        expect({ point, leaks: await host.leaks() }).toEqual({ point, leaks: [] });
      }
      expect(kills).toBeGreaterThan(points.size * 0.8);
    })(),
  process.env.CRASH_ALL ? 1_800_000 : 120_000,
);
