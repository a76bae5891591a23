import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';

it(
  'creates and inspects a volume, and shows how images were made',
  inPrivateHost(async (host) => {
    const bale = async (line: string) => (await host.baleine(line.split(' '))).stdout;
    await bale('volume create data');
    writeFileSync(join(host.root, 'volumes/-/data/file'), 'x'.repeat(5000));
    const again = await host.baleine(['volume', 'create', 'data'], { reject: false });
    expect(again.stderr).toContain('cannot create volume data: there is one of that name already');

    await bale('image create base --size 16M --from-host /bin/busybox');
    await bale('image create web --from-image base');
    await bale('container create one --image web -v data:/data -- busybox true');
    expect(JSON.parse(await bale('volume inspect data'))).toEqual([
      {
        ...{ name: 'data', stack: '-', path: join(host.root, 'volumes/-/data'), unused: false },
        ...{ containers: ['_.one'], files: 1, used: 8192, protect: false },
      },
    ]);
    await bale('container commit one saved');
    const steps = JSON.parse(await bale('image history saved --json'));
    expect(steps.map(({ image, step }: Record<string, string>) => `${image}: ${step}`)).toEqual([
      'saved: from container one',
    ]);
    expect(
      (await bale('image history web'))
        .split('\n')
        .map((line) => line.replace(/ +\d{4}-\S+ +/, ' ')),
    ).toEqual([
      expect.stringMatching(/^IMAGE +CREATED +STEP$/),
      'web from image base',
      'base from host busybox',
      '',
    ]);
    await bale('container rm one');
    await bale('system prune -y --volumes');
  }),
  120_000,
);
