import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';

it(
  'tags keep what an image was, take no space, and can be moved',
  inPrivateHost(async (host) => {
    const bale = async (line: string) => (await host.baleine(line.split(' '))).stdout;
    const failing = async (line: string) =>
      (await host.baleine(line.split(' '), { reject: false })).stderr;
    /** Versions differ by a program. */
    const build = (more: string) =>
      bale(`image create app --size 16M --from-host /bin/busybox,/bin/${more}`);
    const shown = async (image: string) =>
      (await bale(`run --as-image ${image} -- busybox ls /bin`)).match(/date|echo/)?.[0];
    const inode = (file: string) => statSync(join(host.root, 'images', file)).ino;

    await build('date');
    expect(await bale('image tag app app:1.0')).toBe('image.app:1.0 created\n');
    expect(inode('_.app:1,0.img')).toBe(inode('_.app.img'));
    await bale('image tag app app:now');
    await bale('image rm app');
    await build('echo');
    expect(await shown('app:1.0')).toBe('date');
    expect(await shown('app:now')).toBe('date');
    expect(await bale('image tag app app:now')).toContain('image.app:now');
    // again: nothing to do
    await bale('image tag app app:now');
    expect(await shown('app:now')).toBe('echo');
    expect(await shown('app')).toBe('echo');

    const file = join(host.dir, 'baleine.yaml');
    writeFileSync(
      file,
      'name: shop\nimages: { "app:1.0": { external: true } }\n' +
        'containers: { web: { image: "app:1.0", command: [busybox, sleep, "1000"], init: true } }\n',
    );
    await bale(`-f ${file} apply -y`);
    expect(await bale(`-f ${file} exec web -- busybox ls /bin`)).toContain('date');
    expect(await bale(`-f ${file} plan`)).toContain('No changes');
    expect(await failing('image rm app:1.0')).toContain(
      'cannot remove image app:1.0: in use by container web of stack shop',
    );

    expect(await failing('image tag app app')).toContain('it has no tag');
    expect(await failing('image tag app App:1')).toContain('cannot tag image app as App:1');
    expect(await failing('image tag none app:2')).toContain('there is no image "none"');
    await bale('image create app:own --size 16M --from-host /bin/busybox');
    expect(await failing('image tag app app:own')).toContain('there is one of that name already');
    expect((await bale('image list --quiet')).split('\n')).toEqual(
      expect.arrayContaining(['app', 'app:1.0', 'app:now', 'app:own']),
    );
    await bale(`-f ${file} destroy -y`);
    await bale('image rm app app:1.0 app:now app:own');
    expect(await bale('image list --quiet')).toBe('');
  }),
  120_000,
);
