import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { SMALL_IMAGE } from '../../support/small-image.js';

it(
  'attaches a running container to a network and detaches it',
  inPrivateHost(async (host) => {
    const bale = async (line: string) => (await host.baleine(line.split(' '))).stdout;
    const fails = async (line: string) => {
      const { code, stderr } = await host.baleine(line.split(' '), { reject: false });
      expect(code).toBe(1);
      return stderr;
    };
    await bale('image create base --size 16M --from-host /bin/busybox');
    await bale('network create front --subnet 10.77.1.0/24 --host 10.77.1.1');
    await bale('network create back --subnet 10.77.2.0/24');
    await bale(
      `container create one --image base --bridge front --start --stop-signal KILL -- busybox sleep 1d`,
    );
    const pid = JSON.parse(await bale('container inspect one'))[0].pid;
    const addresses = async () =>
      (await bale('container exec one busybox ip -4 -o addr')).match(/10\.77\.\S+/g);
    const [front] = (await addresses()) ?? [];

    await bale(
      'container create two --image base --bridge back --start --stop-signal KILL -- busybox sleep 1d',
    );
    await bale('network connect back one --ip 10.77.2.9 --alias db --alias main');
    expect(await bale('container exec two busybox cat /etc/hosts')).toMatch(
      /^10\.77\.2\.9.*\bdb main\b/m,
    );
    await bale('container rm --force two');
    expect(await addresses()).toEqual([front, '10.77.2.9/24']);
    expect(await fails('network connect back one')).toContain('it is connected already');
    await bale('network disconnect back one');
    expect(await addresses()).toEqual([front]);
    await bale('network connect back one');
    expect(await addresses()).toEqual([front, expect.stringMatching(/^10\.77\.2\.\d+\/24$/)]);
    await bale('network disconnect front one');
    expect(await addresses()).toEqual([expect.stringMatching(/^10\.77\.2\./)]);
    expect(JSON.parse(await bale('container inspect one'))[0].pid).toBe(pid);

    expect(await fails('network disconnect front one')).toBe(
      'Error: cannot disconnect container one from network front: it is not connected\n  It is on back.\n',
    );
    expect(await fails('network connect side one')).toContain('there is no network "side"');
    expect(await fails('network connect back two')).toContain('cannot connect container two');

    const file = join(host.dir, 'baleine.yaml');
    const image = JSON.stringify(SMALL_IMAGE);
    writeFileSync(
      file,
      `name: shop\nimages: { box: ${image} }\ncontainers:\n  web:\n    image: box\n    command: [busybox, sleep, 1d]\n    replicas: 2\n`,
    );
    await bale('apply -y');
    expect(await fails('network connect back web-1')).toBe(
      `Error: cannot connect container web-1 to network back: it belongs to stack shop, and the next apply would undo that\n  Change ${file}:4:3 and apply it.\n`,
    );
    await bale('destroy -y');
    await bale('container rm -f one');
    await bale('network rm front back');
    await bale('image rm base');
  }),
  120_000,
);
