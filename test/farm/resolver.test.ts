import { describe, expect, it } from 'vitest';
import { resolvConf } from '../../src/kinds/container/keys/dns.js';
import type { ConfigSpec, ContainerSpec } from '../../src/model/specs.js';
import { places, withBridges } from '../config/read.js';
import { MemoryStack } from '../support/memory-stack.js';

const file = (bridges: string, web = '', more = '') => `
name: shop
images: { web: { from: { directory: / }, command: [httpd] } }
bridges: { ${bridges} }
containers:
  web: { image: web, bridges: [front]${web} }
${more}`;

const FRONT = 'front: { subnet: 10.77.1.0/24, dns: true }';

describe('a resolver', () => {
  it('is a container with the host’s dnsmasq', () => {
    expect(new MemoryStack().planText(file(FRONT))).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # image.web will be created (new)
        + image.web
            + size: 512M
            + from.directory: /
            + command: ["httpd"]

        # image.resolver will be created (new)
        + image.resolver
            + size: 64M
            + from.host.binaries: ["/usr/sbin/dnsmasq"]

        # bridge.front will be created (new)
        + bridge.front
            + subnet: 10.77.1.0/24
            + dns: true

        # config.resolver-front will be created (new)
        + config.resolver-front
            + file: hosts
            + text: 3 lines

        # container.resolver-front will be created (new)
        + container.resolver-front
            + image: resolver
            + command: ["/usr/sbin/dnsmasq","--keep-in-foreground","--conf-file=/dev/null","--pid-file=","--log-facility=-","--no-resolv","--no-poll","--no-hosts","--addn-hosts=/etc/baleine/hosts","--bind-interfaces","--listen-address=10.77.1.254","--domain-needed","--bogus-priv","--no-ident","--cache-size=1000","--dns-forward-max=150","--address=/#/"]
            + bridges.front: 10.77.1.254/24
            + volumes: ["/var/lib/baleine/configs/shop/resolver-front:/etc/baleine:ro"]
            + cap_drop: ["ALL"]
            + read_only: true
            + ulimits.nofile.soft: 65536
            + ulimits.nofile.hard: 65536
            + user: 65534:65534
            + heal: immediate
            + resolver: true
            + limits.pids: 32
            + limits.memory: 64M

        # container.web will be created (new)
        + container.web
            + image: web
            + command: ["httpd"]
            + bridges.front: 10.77.1.1/24

      Files derived from others follow for: hosts.front-7a66a5

      Plan: 6 to add, 0 to change, 0 to destroy."
    `);
  });

  it('is switched on and off without a restart, and follows the containers', async () => {
    const stack = new MemoryStack();
    await stack.apply(file(FRONT.replace(', dns: true', '')));
    expect(stack.planText(file(FRONT))).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # image.resolver will be created (new)
        + image.resolver
            + size: 64M
            + from.host.binaries: ["/usr/sbin/dnsmasq"]

        # bridge.front will be updated in-place (dns (none) → true)
        ~ bridge.front
            + dns: true

        # config.resolver-front will be created (new)
        + config.resolver-front
            + file: hosts
            + text: 3 lines

        # container.resolver-front will be created (new)
        + container.resolver-front
            + image: resolver
            + command: ["/usr/sbin/dnsmasq","--keep-in-foreground","--conf-file=/dev/null","--pid-file=","--log-facility=-","--no-resolv","--no-poll","--no-hosts","--addn-hosts=/etc/baleine/hosts","--bind-interfaces","--listen-address=10.77.1.254","--domain-needed","--bogus-priv","--no-ident","--cache-size=1000","--dns-forward-max=150","--address=/#/"]
            + bridges.front: 10.77.1.254/24
            + volumes: ["/var/lib/baleine/configs/shop/resolver-front:/etc/baleine:ro"]
            + cap_drop: ["ALL"]
            + read_only: true
            + ulimits.nofile.soft: 65536
            + ulimits.nofile.hard: 65536
            + user: 65534:65534
            + heal: immediate
            + resolver: true
            + limits.pids: 32
            + limits.memory: 64M

        # container.web will be updated in-place (bridges.front eth0 10.77.1.1/24 → eth0 10.77.1.1/24, dns 10.77.1.254)
        ~ container.web
            ~ bridges.front: eth0 10.77.1.1/24 → eth0 10.77.1.1/24, dns 10.77.1.254

      Files derived from others follow for: hosts.front-7a66a5

      Plan: 3 to add, 2 to change, 0 to destroy."
    `);
    await stack.apply(file(FRONT));
    expect(stack.plan(file(FRONT)).changes).toEqual([]);
    expect(stack.planText(file(FRONT, ', replicas: 2'))).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # config.resolver-front will be updated in-place (text changed)
        ~ config.resolver-front
            ~ text:
                @@ -1,3 +1,4 @@
                 # names of bridge front of stack shop, written by baleine
                -10.77.1.1 web
                +10.77.1.2 web-1 web
                +10.77.1.3 web-2 web
                 10.77.1.254 resolver-front

        # container.web-1 will be created (new)
        + container.web-1
            + image: web
            + command: ["httpd"]
            + bridges.front: 10.77.1.2/24

        # container.web-2 will be created (new)
        + container.web-2
            + image: web
            + command: ["httpd"]
            + bridges.front: 10.77.1.3/24

        # container.web will be destroyed (no longer in the file)
        - container.web
            - image: web
            - command: ["httpd"]
            - bridges.front: 10.77.1.1/24

      Files derived from others follow for: hosts.front-7a66a5

      Plan: 2 to add, 1 to change, 1 to destroy."
    `);
    await stack.apply(file(FRONT.replace(', dns: true', '')));
    expect(stack.plan(file(FRONT.replace(', dns: true', ''))).changes).toEqual([]);
  });
});

/** Of each resolver by its name: what it forwards to and how it answers what it does not know. */
function argumentsIn(text: string): Record<string, string[]> {
  const { resources } = new MemoryStack().desired(text);
  const found = resources.flatMap(({ kind, name, spec }) => {
    const { resolver, args } = spec as ContainerSpec;
    return kind === 'container' && resolver ? [[name, args] as const] : [];
  });
  const asked = /^--(listen-address|server|bogus-nxdomain|address)=/;
  return Object.fromEntries(found.map(([name, args]) => [name, args.filter((a) => asked.test(a))]));
}

const REFUSED = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16'].map((e) => `--bogus-nxdomain=${e}`);

describe('its answers', () => {
  it.each([
    ['alone', FRONT, ['--listen-address=10.77.1.254', '--address=/#/']],
    [
      'with a way out',
      FRONT.replace('dns', 'egress: true, dns'),
      [
        '--listen-address=10.77.1.253',
        '--server=192.0.2.3',
        ...REFUSED,
        '--bogus-nxdomain=10.77.1.0/24',
      ],
    ],
    [
      'beside a gateway on a network of other machines',
      'front: { subnet: 10.77.1.0/24, uplink: eth1, range: 10.77.1.64/28, gateway: 10.77.1.1, dns: { forward: 10.77.1.1 } }',
      ['--listen-address=10.77.1.79', '--server=10.77.1.1', ...REFUSED],
    ],
    [
      'at an address of the file',
      FRONT.replace('true', '{ address: 10.77.1.53 }'),
      ['--listen-address=10.77.1.53', '--address=/#/'],
    ],
  ])('%s', (_, bridges, expected) => {
    expect(argumentsIn(file(bridges))).toEqual({ 'resolver-front': expected });
  });

  it('leave to others what they do not know if a container has another name server', () => {
    const bridges = `${FRONT}, back: { subnet: 10.77.2.0/24, egress: true }`;
    const listen = '--listen-address=10.77.1.254';
    expect(argumentsIn(file(bridges))).toEqual({ 'resolver-front': [listen, '--address=/#/'] });
    const both = file(bridges).replace('[front]', '[front, back]');
    expect(argumentsIn(both)).toEqual({ 'resolver-front': [listen] });
  });

  it('are names of containers, services, farms and aliases', () => {
    const more = `  db: { image: web, hostname: one, domainname: example.test, bridges: { front: { aliases: [sql] } } }
farms:
  app:
    servers: { image: web, replicas: 2, port: 80, bridges: [front] }
    proxy: { image: web, listen: 80, bridges: [front] }
`;
    const { resources } = new MemoryStack().desired(file(FRONT, ', replicas: 2', more));
    const names = resources.find(({ address }) => address === 'config.resolver-front');
    const { text } = (names?.spec ?? {}) as Partial<ConfigSpec>;
    expect(text).toMatchInlineSnapshot(`
      "# names of bridge front of stack shop, written by baleine
      10.77.1.1 web-1 web
      10.77.1.2 web-2 web
      10.77.1.3 one.example.test one db sql
      10.77.1.4 app-server-1 app-server app
      10.77.1.5 app-server-2 app-server app
      10.77.1.6 app-proxy
      10.77.1.254 resolver-front
      "
    `);
  });
});

describe('the name servers of a container', () => {
  const bridges = `${FRONT}, back: { subnet: 10.77.2.0/24, egress: true }`;
  it.each([
    ['are the resolver, then those of its way out', '[front, back]', '10.77.1.254 192.0.2.3'],
    ['of a bridge without one are those of the way out', '[back]', '192.0.2.3'],
    ['are its own if it has any', '[front], dns: 10.0.0.9', '10.0.0.9'],
  ])('%s', (_, members, expected) => {
    const { resources } = new MemoryStack().desired(file(bridges).replace('[front]', members));
    const web = resources.find(({ address }) => address === 'container.web');
    const lines = expected.split(' ').map((each) => `nameserver ${each}\n`);
    expect(resolvConf(web?.spec as ContainerSpec)).toBe(lines.join(''));
  });
  it('are those of a resolver with a way out only', () => {
    const { resources } = new MemoryStack().desired(
      file(FRONT.replace('dns', 'egress: true, dns')),
    );
    const web = resources.find(({ address }) => address === 'container.web');
    expect(resolvConf(web?.spec as ContainerSpec)).toBe('nameserver 10.77.1.253\n');
  });
});

describe('a resolver is refused', () => {
  const LAN = 'subnet: 192.168.9.0/24';
  const container = (name: string, bridges: string) =>
    `${name}: { image: base, command: [x], bridges: ${bridges} }`;
  it.each([
    ['without a subnet', 'lan: { dns: true }', 'a resolver needs a subnet'],
    [
      'with an address outside',
      `lan: { ${LAN}, dns: { address: 10.0.0.1 } }`,
      '10.0.0.1 is outside 192.168.9.0/24',
    ],
    [
      'with a fixed address on a subnet that may be any',
      'lan: { subnet: auto, dns: { address: 10.0.0.1 } }',
      'a fixed address needs a subnet in the file',
    ],
    [
      'with the address of the way out',
      `lan: { ${LAN}, egress: true, dns: { address: 192.168.9.254 } }`,
      '192.168.9.254 is the address of the way out',
    ],
    [
      'without a way to the name servers that it asks',
      `lan: { ${LAN}, dns: { forward: 203.0.113.1 } }`,
      '203.0.113.1 is outside 192.168.9.0/24, and the bridge has neither egress nor gateway',
    ],
    [
      'that asks itself',
      `lan: { ${LAN}, dns: { forward: 192.168.9.254 } }`,
      '192.168.9.254 is the address of the resolver itself',
    ],
    ['with an empty mapping', `lan: { ${LAN}, dns: {} }`, 'must be true, an address'],
    [
      'whose address a container has',
      `lan: { ${LAN}, dns: true }`,
      '192.168.9.254 is the address of the resolver of bridges.lan',
      container('web', '{ lan: { address: 192.168.9.254 } }'),
    ],
    [
      'whose name a container has',
      `lan: { ${LAN}, dns: true }`,
      'container resolver-lan is the resolver of bridges.lan',
      container('resolver-lan', '[lan]'),
    ],
    [
      'on a subnet without an address for it',
      'lan: { subnet: 192.168.9.0/30, host: 192.168.9.1, dns: true }',
      '1 containers join bridges.lan, which has 0 addresses for them',
    ],
  ])('%s', (_, bridge, message, member = container('web', '[lan]')) => {
    const found = places(withBridges(bridge, member));
    expect(found).toEqual([expect.stringMatching(/^[35]:\d+: /)]);
    expect(found[0]).toContain(message);
  });
});
