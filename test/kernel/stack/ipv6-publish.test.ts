import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { farmOf } from './farm-proxy.js';
import { NOTHING, SERVER, Stack, type StackFile } from './stack.js';

const NET = 'fd00:77:1::';

/** Answers each datagram with the same. Perl without any module. */
const ECHO = `socket my $s, 2, 2, 0; bind $s, pack('Sna4x8', 2, 53, "\\0" x 4) or die $!;
while (1) { my $from = recv $s, my $text, 65535, 0 or next; send $s, $text, 0, $from }`;

/** Sends one datagram to an address and a port, and prints the answer. */
const ASK = `use Socket qw(:all); my ($address, $port) = @ARGV; my $six = $address =~ /:/;
socket my $s, $six ? AF_INET6 : AF_INET, SOCK_DGRAM, 0;
connect $s, $six ? pack_sockaddr_in6($port, inet_pton(AF_INET6, $address))
  : pack_sockaddr_in($port, inet_aton($address)) or die $!;
setsockopt $s, SOL_SOCKET, SO_RCVTIMEO, pack('l!l!', 2, 0);
send $s, 'hello', 0; recv $s, my $text, 100, 0; print $text;`;

/** A farm behind both families, and containers that publish TCP and UDP. */
function published(web: unknown[], more: object = {}): StackFile {
  const programs = ['/bin/busybox', '/usr/bin/perl', '/usr/sbin/haproxy'];
  const proxy = {
    bridges: { front: { address6: `${NET}10` }, back: {} },
    publish: ['8080:80'],
  };
  return {
    name: 'pub',
    images: { box: { size: '64M', from: { host: { binaries: programs } } } },
    bridges: {
      front: { subnet: '10.77.1.0/24', host: 'auto', subnet6: `${NET}/64` },
      // the servers are reached by IPv6, where there is nothing else
      back: { subnet6: 'fd00:77:2::/64', isolated: true },
    },
    containers: {
      web: { ...SERVER, bridges: ['front'], publish: web },
      dns: {
        ...{ image: 'box', command: ['perl', '-e', ECHO], stop_signal: 'SIGKILL' },
        ...{ bridges: ['front'], publish: ['53:53/udp'] },
      },
    },
    farms: { shop: farmOf(2, '', { proxy }) },
    ...more,
  };
}

it(
  'a farm and published ports answer on both families',
  inPrivateHost(async (host) => {
    const web = ['8081:80', '[::1]:8082:80', '0.0.0.0:8083:80', '8085-8086:80-81', '80'];
    const stack = new Stack(host, published(web));
    await stack.apply();
    expect(await stack.plan()).toBe(NOTHING);
    const servers = ['shop-server-1', 'shop-server-2'];
    for (const place of [`[${NET}10]`, '[::1]:8080', `[${NET}1]:8080`, '127.0.0.1:8080']) {
      await stack.answers(place, servers);
    }
    const port = (await stack.done('port', 'web')).match(/0\.0\.0\.0:(6\d{4})$/m)?.[1] ?? '';
    const open = ['127.0.0.1:8081', '[::1]:8081', '[::1]:8082', '127.0.0.1:8083', '[::1]:8085'];
    for (const place of [...open, `[::1]:${port}`, `127.0.0.1:${port}`]) {
      await stack.answers(place, ['web']);
    }
    for (const place of ['127.0.0.1:8082', '[::1]:8083']) {
      expect(await stack.pages(place).catch(() => 'refused')).toBe('refused');
    }
    expect(await stack.done('port', 'web', '80')).toContain('0.0.0.0:8081\n[::1]:8082\n');
    const ask = (address: string) => host.run('perl', ['-e', ASK, '--', address, '53']);
    for (const address of ['127.0.0.1', '::1', `${NET}1`]) {
      await expect.poll(async () => (await ask(address)).stdout).toBe('hello');
    }
    // another stack learns from the plan who has a port
    const other = new Stack(
      host,
      published(['[::1]:8081:80'], {
        ...{ name: 'two', farms: {} },
        bridges: { front: { subnet6: 'fd00:77:9::/64', host6: 'auto' } },
        containers: { web: { ...SERVER, bridges: ['front'], publish: ['[::1]:8081:80'] } },
      }),
      'two.yaml',
    );
    expect((await other.run('plan')).stderr).toMatch(
      /two\.yaml:\d+:\d+: cannot publish \[::1\]:8081: container forwarder of stack pub \(haproxy, process \d+\) listens there/,
    );
    await stack.destroy();
  }),
);
