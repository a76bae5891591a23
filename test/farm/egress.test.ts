import { describe, expect, it } from 'vitest';
import { netnsName } from '../../src/model/install-paths.js';
import type { ContainerSpec } from '../../src/model/specs.js';
import { complaint } from '../config/read.js';
import { MemoryStack } from '../support/memory-stack.js';

const file = (egress: unknown, web = '', more = '') => `
name: shop
images: { web: { from: { directory: / }, command: [httpd] } }
bridges:
  front: { subnet: 10.77.1.0/24, egress: ${JSON.stringify(egress)} }
  back: { subnet: 10.77.2.0/24, host: 10.77.2.1 }
containers:
  web: { image: web, bridges: [back, front]${web} }
${more}`;

const NETNS = 'shop.egress-front';

describe('a way out', () => {
  it('is a container with the host’s slirp4netns', () => {
    expect(new MemoryStack().planText(file(true))).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # image.web will be created (new)
        + image.web
            + size: 512M
            + from.directory: /
            + command: ["httpd"]

        # image.egress will be created (new)
        + image.egress
            + size: 64M
            + from.host.binaries: ["/usr/bin/slirp4netns"]

        # bridge.front will be created (new)
        + bridge.front
            + subnet: 10.77.1.0/24
            + egress: true

        # bridge.back will be created (new)
        + bridge.back
            + subnet: 10.77.2.0/24
            + host: 10.77.2.1

        # container.egress-front will be created (new)
        + container.egress-front
            + image: egress
            + command: ["/usr/bin/slirp4netns","--cidr","192.0.2.0/24","--mtu","65520","--disable-host-loopback","--enable-seccomp","--userns-path","/run/egress-user","--netns-type","path","/run/egress-net","tap0"]
            + bridges.front: 10.77.1.254/24
            + volumes: ["/etc/resolv.conf:/etc/resolv.conf:ro"]
            + cap_drop: ["ALL"]
            + read_only: true
            + ulimits.nofile.soft: 65536
            + ulimits.nofile.hard: 65536
            + user: 2147352576:2147352576
            + heal: immediate
            + stop_signal: SIGKILL
            + egress.closed: ["10.77.2.0/24"]
            + limits.pids: 16
            + limits.devices: ["allow c 10:200 rw"]

        # container.web will be created (new)
        + container.web
            + image: web
            + command: ["httpd"]
            + bridges.back: 10.77.2.2/24
            + bridges.front: 10.77.1.1/24

      Files derived from others follow for: hosts.back-front-b08456, hosts.front-7a66a5

      Plan: 6 to add, 0 to change, 0 to destroy."
    `);
  });

  it('is switched on and off without a restart', async () => {
    const stack = new MemoryStack();
    await stack.apply(file(false));
    expect(stack.planText(file(true))).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # image.egress will be created (new)
        + image.egress
            + size: 64M
            + from.host.binaries: ["/usr/bin/slirp4netns"]

        # bridge.front will be updated in-place (egress (none) → true)
        ~ bridge.front
            + egress: true

        # container.egress-front will be created (new)
        + container.egress-front
            + image: egress
            + command: ["/usr/bin/slirp4netns","--cidr","192.0.2.0/24","--mtu","65520","--disable-host-loopback","--enable-seccomp","--userns-path","/run/egress-user","--netns-type","path","/run/egress-net","tap0"]
            + bridges.front: 10.77.1.254/24
            + volumes: ["/etc/resolv.conf:/etc/resolv.conf:ro"]
            + cap_drop: ["ALL"]
            + read_only: true
            + ulimits.nofile.soft: 65536
            + ulimits.nofile.hard: 65536
            + user: 2147352576:2147352576
            + heal: immediate
            + stop_signal: SIGKILL
            + egress.closed: ["10.77.2.0/24"]
            + limits.pids: 16
            + limits.devices: ["allow c 10:200 rw"]

        # container.web will be updated in-place (bridges.back eth0 10.77.2.2/24 via 10.77.2.1 → eth0 10.77.2.2/24, bridges.front eth1 10.77.1.1/24 → eth1 10.77.1.1/24 via 10.77.1.254, mtu 65520)
        ~ container.web
            ~ bridges.back: eth0 10.77.2.2/24 via 10.77.2.1 → eth0 10.77.2.2/24
            ~ bridges.front: eth1 10.77.1.1/24 → eth1 10.77.1.1/24 via 10.77.1.254, mtu 65520

      Files derived from others follow for: hosts.back-front-b08456, hosts.front-7a66a5

      Plan: 2 to add, 2 to change, 0 to destroy."
    `);
    await stack.apply(file(true));
    expect(stack.plan(file(true)).changes).toEqual([]);
    await stack.apply(file(false));
    expect(stack.plan(file(false)).changes).toEqual([]);
    expect([...stack.host.egress]).toEqual([]);
  });

  it('takes its default route and its name server along', async () => {
    const stack = new MemoryStack();
    const alone = (egress: boolean) => file(egress).replace('[back, front]', '[front]');
    await stack.apply(alone(true));
    const off = stack.plan(alone(false));
    const { steps } = off.units.find(({ address }) => address === 'container.web') ?? {};
    expect(steps).toEqual([
      expect.objectContaining({
        verb: 'container.wire',
        args: expect.objectContaining({ withdrawn: [{ device: 'eth0', gateway: '10.77.1.254' }] }),
      }),
      expect.objectContaining({
        verb: 'container.resolve',
        args: expect.objectContaining({ text: '' }),
      }),
    ]);
  });

  it('is not used by a container that opts out', () => {
    const linksOf = (text: string) => {
      const { resources } = new MemoryStack().desired(text);
      const found = resources.find(({ address }) => address === 'container.web');
      const { links = [] } = (found?.spec ?? {}) as Partial<ContainerSpec>;
      return links.map(({ gateway, dns }) => [gateway, dns]);
    };
    expect(linksOf(file(true))).toEqual([
      [undefined, undefined],
      ['10.77.1.254', '192.0.2.3'],
    ]);
    expect(linksOf(file(true, ', egress: false'))).toEqual([
      ['10.77.2.1', undefined],
      [undefined, undefined],
    ]);
  });

  it('gets other rules in place', async () => {
    const stack = new MemoryStack();
    await stack.apply(file(true));
    expect(stack.planText(file({ deny: ['10.0.0.0/8'] }))).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # bridge.front will be updated in-place (egress true → {"deny":["10.0.0.0/8"]})
        ~ bridge.front
            ~ egress: true → deny=["10.0.0.0/8"]

        # container.egress-front will be updated in-place (egress changed)
        ~ container.egress-front
            + egress.deny: ["10.0.0.0/8"]

      Plan: 0 to add, 2 to change, 0 to destroy."
    `);
    await stack.apply(file({ deny: ['10.0.0.0/8'] }));
    expect(stack.host.egress.get(netnsName(stack.paths, NETNS))?.routes).toEqual({
      default: 'via 192.0.2.2',
      '10.0.0.0/8': 'unreachable',
      '10.77.1.0/24': 'dev eth0',
      '10.77.2.0/24': 'unreachable',
      '169.254.0.0/16': 'unreachable',
      '192.0.2.2': 'dev tap0',
      '192.0.2.3': 'dev tap0',
    });
    await stack.apply(file({ allow: ['203.0.113.0/24', '10.77.2.0/24'] }));
    expect(stack.host.egress.get(netnsName(stack.paths, NETNS))?.routes).toMatchObject({
      default: 'unreachable',
      '10.77.2.0/24': 'via 192.0.2.2',
      '203.0.113.0/24': 'via 192.0.2.2',
    });
  });

  it('works on a host that is in the network which it uses itself', async () => {
    const stack = new MemoryStack();
    stack.host.ownNetworks = ['192.0.2.2/32', '192.0.2.3/32', '198.51.100.7/32'];
    await stack.apply(file({ allow: ['192.0.2.3/32'], deny: ['192.0.2.2/32'] }));
    expect(stack.host.egress.get(netnsName(stack.paths, NETNS))?.routes).toMatchObject({
      '192.0.2.2': 'dev tap0',
      '192.0.2.3': 'dev tap0',
      '198.51.100.7': 'unreachable',
    });
  });

  it('is named and healed when it has drifted', async () => {
    const stack = new MemoryStack();
    await stack.apply(file(true));
    const netns = netnsName(stack.paths, NETNS);
    const found = stack.host.egress.get(netns);
    if (!found) throw new Error('no way out');
    const reasons = () => stack.plan(file(true)).changes.map((each) => each.reasons.join());

    stack.host.ownNetworks = ['198.51.100.7/32'];
    expect(reasons()).toEqual(['its route to 198.51.100.7 is missing']);
    await stack.apply(file(true));
    const { tap0: _gone, ...links } = found.links;
    stack.host.egress.set(netns, { ...found, links });
    expect(reasons()).toEqual(['tap device tap0 is missing']);
    const verbs = stack.plan(file(true)).units.flatMap(({ steps }) => steps.map((s) => s.verb));
    expect(verbs).toContain('container.stop');
    await stack.apply(file(true));
    stack.host.gateways.get(netnsName(stack.paths, 'shop.web'))?.clear();
    expect(reasons()).toEqual(['default route via 10.77.1.254 is missing']);
    await stack.apply(file(true));
    expect(reasons()).toEqual([]);
  });
});

describe('rejected by the file alone', () => {
  it.each([
    [
      'its address',
      file(true, '')
        .replace('front]', 'front]')
        .replace('[back, front]', '{ front: { address: 10.77.1.254 } }'),
      '10.77.1.254 is the address of the way out of bridges.front',
    ],
    [
      'its name',
      file(true, '', '  egress-front: { image: web }'),
      'container egress-front is the way out',
    ],
    ['host bits', file({ deny: ['10.0.0.1/8'] }), '10.0.0.1/8 has bits set behind its prefix'],
    ['its own subnet', file({ deny: ['10.77.1.0/25'] }), "is in the bridge's own subnet"],
    ['twice', file({ deny: ['10.0.0.0/8'], allow: ['10.0.0.0/8'] }), '10.0.0.0/8 is listed twice'],
    ['no subnet', file(true).replace('subnet: 10.77.1.0/24, ', ''), 'a way out needs a subnet'],
    ['isolated', file(true).replace('egress', 'isolated: true, egress'), 'has no way out'],
    [
      'an uplink',
      file(true).replace('egress', 'uplink: eth9, egress'),
      'a bridge with an uplink has none',
    ],
    [
      'its inner network',
      file(true).replaceAll('10.77.2.', '192.0.2.'),
      'it uses 192.0.2.0/24 itself',
    ],
    ['true for a container', file(true, ', egress: true'), 'must be false, or left out'],
  ])('%s', (_, text, expected) => {
    expect(complaint(text)).toContain(expected);
  });
});
