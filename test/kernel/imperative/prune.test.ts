import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost, MAIN } from '../../support/private-host.js';

it(
  'shows what could be freed, asks, and frees that alone',
  inPrivateHost(async (host) => {
    const bale = async (line: string) => (await host.baleine(line.split(' '))).stdout;
    const image = '--size 16M --from-host /bin/busybox';
    for (const name of ['used', 'spare']) await bale(`image create ${name} ${image}`);
    await bale('network create front --subnet 10.77.1.0/24');
    await bale('network create back --subnet 10.77.2.0/24');
    const idle = '--stop-signal KILL --start -- busybox sleep 1d';
    await bale(`container create runs --image used --bridge front -v kept:/data ${idle}`);
    await bale('container create ended --image used --bridge back -v lost:/data -- busybox true');
    writeFileSync(join(host.root, 'volumes/-/lost/file'), 'x'.repeat(10_000));

    const used = JSON.parse(await bale('system df --json'));
    const shown = used.map(({ name, active, reclaimable }: Record<string, unknown>) =>
      [name, active, reclaimable].join(' '),
    );
    expect(shown).toEqual([
      ...['spare false true', 'used true false'],
      ...['ended false true', 'runs true false', 'kept true false', 'lost true true'],
    ]);
    const sizeOf = (name: string) => used.find((each: { name: string }) => each.name === name).used;
    expect(sizeOf('lost')).toBe(12 * 1024);
    expect(sizeOf('runs')).toBeGreaterThan(1024 ** 2);
    expect(await bale('system df')).toMatch(
      /^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE\nImages +2 +1 +\S+ +\S+\nDisks of containers +2 +1 .*\nVolumes +2 +2 +\S+ +12K\nBuild cache +0 +0 +0B +0B\n$/,
    );

    const blind = await host.baleine(['system', 'prune'], { reject: false });
    expect(blind).toMatchObject({ code: 1, stdout: '' });
    expect(blind.stderr).toContain('cannot ask for approval');
    const line = [process.execPath, MAIN, '--root', host.root, 'system', 'prune', '--volumes'];
    const asked = await host.run('script', ['-qec', line.join(' '), '/dev/null'], {
      input: 'no\n',
      reject: false,
    });
    expect(asked.code).toBe(1);
    expect(asked.stdout.replaceAll('\r', '')).toMatch(
      /destroy all this\?\n {2}container.ended: \S+\n {2}bridge.back: .*\n {2}image.spare: \S+\n {2}volume.lost: 1 file, \S+ will be lost\n/,
    );
    expect(await bale('container list -a -q')).toBe('ended\nruns\n');

    await bale('system prune -y');
    expect(await bale('container list -a -q')).toBe('runs\n');
    expect(await bale('image list -q')).toBe('used\n');
    expect(await bale('network list -q')).toBe('front\n');
    expect(existsSync(join(host.root, 'volumes/-/lost/file'))).toBe(true);
    await bale('volume prune -y');
    expect(await bale('volume list -q')).toBe('kept\n');
    await bale('container rm -f runs');
    await bale('system prune -y --volumes');
    expect(await bale('system df --json')).toBe('[]\n');
  }),
  120_000,
);
