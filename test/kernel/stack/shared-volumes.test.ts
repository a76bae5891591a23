import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { IDLE } from '../../support/small-image.js';
import { NOTHING, Stack } from './stack.js';

/** Has a file where the volume is mounted, which a volume of the stack itself would be filled with. */
const box = {
  size: '16M',
  from: { host: { binaries: ['/bin/busybox', '/bin/sh'] } },
  run: ['/bin/busybox mkdir /srv; echo seed >/srv/seed'],
  command: IDLE,
};
const sh = (line: string) => ['exec', 'box', '--', 'busybox', 'sh', '-c', line];

it(
  'an external volume of another stack is mounted, and left as it is',
  inPrivateHost(async (host) => {
    const file = {
      name: 'user',
      images: { box },
      volumes: { files: { external: true, name: 'data' } },
      containers: { box: { image: 'box', volumes: ['files:/srv'] } },
    };
    const user = new Stack(host, file, 'user.yaml');
    const { code, stderr } = await user.run('plan');
    expect(code).not.toBe(0);
    expect(stderr).toMatch(
      /user.yaml:\d+:\d+: volume data is external, but this host has no volume of that name/,
    );

    const owner = new Stack(host, { name: 'owner', volumes: { data: {} } }, 'owner.yaml');
    await owner.apply();
    await user.apply();
    expect((await user.run(...sh('busybox ls /srv; echo kept >/srv/file'))).stdout).toBe('');
    expect(await user.plan()).toBe(NOTHING);
    const kept = join(host.root, 'volumes/owner/data/file');
    expect(readFileSync(kept, 'utf8')).toBe('kept\n');
    expect(await owner.run('destroy', '-y', '--volumes')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        'cannot destroy volume data: in use by container box of stack user',
      ),
    });
    expect(readFileSync(kept, 'utf8')).toBe('kept\n');
    await user.destroy();
    expect(readFileSync(kept, 'utf8')).toBe('kept\n');
    await owner.destroy();
  }),
);
