import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { IDLE } from '../../support/small-image.js';

it(
  'sets throttles, device rules and a packet class imperatively, at creation and later',
  inPrivateHost(async (host) => {
    await host.baleine(['image', 'create', 'base', '--size', '16M', '--from-host', '/bin/busybox']);
    const create = ['container', 'create', 'one', '--image', 'base', '--io', 'write_bps=10M'];
    await host.baleine([...create, '--device', 'deny c 1:9 rwm', '--start', '--', ...IDLE]);
    const random = () =>
      host.baleine(
        ['container', 'exec', 'one', 'busybox', 'sh', '-c', ': </dev/urandom; : </dev/null'],
        { reject: false },
      );
    expect((await random()).stderr).toMatch(/urandom: Operation not permitted/);
    const limits = async () =>
      JSON.parse((await host.baleine(['container', 'inspect', 'one'])).stdout)[0].spec.limits;
    expect(await limits()).toMatchObject({
      io: [{ write_bps: 10 * 2 ** 20 }],
      devices: [{ deny: 'c 1:9 rwm' }],
    });

    await host.baleine(['container', 'add', 'one', '--device', 'allow c 1:9 r']);
    expect(await random()).toMatchObject({ code: 0, stderr: '' });
    await host.baleine(['container', 'add', 'one', '--io', 'read_iops=500']);
    expect((await limits()).io).toMatchObject([{ read_iops: 500 }]);
    expect((await host.baleine(['apply', '--stack', '-', '-y', '--quiet'])).stdout).toBe('');

    const class1 = ['container', 'add', 'one', '--net-class', '0x100001'];
    const added = await host.baleine(class1, { reject: false });
    if (added.code === 0) expect((await limits()).net_class).toBe(0x100001);
    else expect(added.stderr).toMatch(/^Error: .*net_cls/);
    for (const bad of ['write_bps=fast', 'speed=1', 'device=/dev/none,read_iops=5']) {
      const refused = await host.baleine(['container', 'add', 'one', '--io', bad], {
        reject: false,
      });
      expect(refused.code).toBe(1);
      expect(refused.stderr).toMatch(/^Error: cannot add to container one: /);
    }
    await host.baleine(['container', 'rm', '--force', 'one']);
    await host.baleine(['image', 'rm', 'base']);
  }),
);

it(
  'keeps the hostname in /etc/hosts when a bridge is added, whatever its name',
  inPrivateHost(async (host) => {
    const words = ['--size', '16M', '--from-host', '/bin/busybox'];
    await host.baleine(['image', 'create', 'base', ...words]);
    for (const [name, subnet] of [
      ['front', '10.77.1.0/24'],
      ['back', '10.77.2.0/24'],
    ] as const) {
      await host.baleine(['network', 'create', name, '--subnet', subnet]);
    }
    const named = ['--hostname', 'web.example', '--bridge', 'front=10.77.1.10', '--start'];
    await host.baleine(['container', 'create', 'one', '--image', 'base', ...named, '--', ...IDLE]);
    const hosts = async () =>
      (await host.baleine(['container', 'exec', 'one', 'busybox', 'cat', '/etc/hosts'])).stdout;
    expect(await hosts()).toContain('10.77.1.10 web.example one\n');
    await host.baleine(['container', 'add', 'one', '--bridge', 'back=10.77.2.10']);
    const both = await hosts();
    expect(both).toContain('10.77.1.10 web.example one\n');
    expect(both).toContain('10.77.2.10 web.example one\n');
    await host.baleine(['container', 'add', 'one', '--memory', '48M']);
    expect(await hosts()).toBe(both);
    await host.baleine(['container', 'rm', '--force', 'one']);
    await host.baleine(['network', 'rm', 'front', 'back']);
    await host.baleine(['image', 'rm', 'base']);
  }),
);
