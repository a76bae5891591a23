import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { bundleDir, installPaths } from '../../../src/model/install-paths.js';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { headings, NOTHING, SERVER, Stack, type StackFile } from './stack.js';

/** Answers each datagram on its ports with the same. Perl without any module. */
const ECHO = `
my $set = '';
for my $port (@ARGV) {
  socket(my $socket, 2, 2, 0) or die "socket: $!";
  bind($socket, pack('Sna4x8', 2, $port, "\\0\\0\\0\\0")) or die "bind: $!";
  vec($set, fileno $socket, 1) = 1;
  push @sockets, $socket;
}
while (select(my $ready = $set, undef, undef, undef)) {
  for my $socket (grep { vec $ready, fileno $_, 1 } @sockets) {
    my $from = recv($socket, my $text, 65535, 0) or next;
    send($socket, $text, 0, $from);
  }
}`;

/** Sends from as many sockets as asked, fifty at a time, and prints how many got no or a wrong answer. */
const CLIENTS = `
my ($address, $port, $count, $size) = @ARGV;
my $to = pack('Sna4x8', 2, $port, pack('C4', split /[.]/, $address));
for (1 .. $count) {
  socket(my $socket, 2, 2, 0) or die "socket: $!";
  setsockopt($socket, 1, 20, pack('l!l!', 2, 0));
  connect($socket, $to) or die "connect: $!";
  push @sockets, $socket;
}
my $lost = 0;
for my $round (1 .. 3) {
  for (my $first = 0; $first < $count; $first += 50) {
    my @some = grep { $_ < $count } $first .. $first + 49;
    my %text = map { $_ => "$round $_ " . 'x' x ($size || 0) } @some;
    send($sockets[$_], $text{$_}, 0) for @some;
    for (@some) {
      my $got = recv($sockets[$_], my $text, 65535, 0);
      $lost++ unless defined $got && $text eq $text{$_};
    }
  }
}
print "lost $lost";`;

const echo = (...ports: number[]) => ({
  image: 'box',
  command: ['perl', '-e', ECHO, ...ports.map(String)],
  bridges: ['front'],
  stop_signal: 'SIGKILL',
});

function stackFile(publish: unknown[], more: object = {}): StackFile {
  return {
    name: 'pub',
    images: {
      box: { size: '64M', from: { host: { binaries: ['/bin/busybox', '/usr/bin/perl'] } } },
    },
    bridges: { front: { subnet: '10.77.1.0/24', host: '10.77.1.1' } },
    containers: {
      dns: { ...echo(53, ...Array.from({ length: 20 }, (_, i) => 7000 + i)), publish },
      ...more,
    },
  };
}

const FORWARDER = 'pub.forwarder-udp';

/** What a number of clients lose; each is a socket of its own. */
async function lost(host: PrivateHost, place: string, count: number, size = 0): Promise<string> {
  const [address = '', port = ''] = place.split(':');
  const words = [CLIENTS, address, port, String(count), String(size)];
  const script = 'ulimit -n 4096; exec perl -e "$@"';
  return (await host.run('sh', ['-c', script, 'sh', ...words], { timeout: 120_000 })).stdout;
}

const answers = (host: PrivateHost, place: string) =>
  expect.poll(() => lost(host, place, 1), { timeout: 20_000 }).toBe('lost 0');

it(
  'answers a thousand clients over UDP beside TCP of the same number, healed and changed in place',
  { timeout: 300_000 },
  inPrivateHost(async (host) => {
    const web = { ...SERVER, bridges: ['front'], publish: ['5300:80'] };
    const stack = new Stack(host, stackFile(['5300:53/udp'], { web }));
    await stack.apply();
    await answers(host, '127.0.0.1:5300');
    expect(await lost(host, '127.0.0.1:5300', 1000)).toBe('lost 0');
    expect(await lost(host, '10.77.1.1:5300', 2, 60_000)).toBe('lost 0');
    await stack.answers('127.0.0.1:5300', ['web']);
    expect(await stack.plan()).toBe(NOTHING);
    expect(await stack.done('ps')).toMatch(/^dns .* 0\.0\.0\.0:5300:53\/udp /m);
    expectFewRights(stack);

    const before = stack.processes('pub.dns', FORWARDER);
    stack.write(stackFile(['5300:53/udp', '127.0.0.1:53:53/udp'], { web }));
    expect(headings(await stack.plan())).toEqual([
      'config.forwarder-udp will be updated in-place (text changed)',
      'container.dns will be updated in-place (publish changed)',
    ]);
    await stack.apply();
    expect(await lost(host, '127.0.0.1:53', 10)).toBe('lost 0');
    expect(stack.processes('pub.dns', FORWARDER)).toEqual(before);

    await host.run('rm', [join(bundleDir(installPaths(host.root), FORWARDER), 'heal')]);
    await stack.kill(FORWARDER);
    await expect
      .poll(async () => headings(await stack.plan()))
      .toEqual([
        expect.stringMatching(
          /^container\.forwarder-udp will be updated in-place \(process \d+ ended with 137 SIGKILL\)$/,
        ),
      ]);
    await stack.apply();
    expect(await lost(host, '127.0.0.1:53', 10)).toBe('lost 0');

    stack.write(stackFile([], { web }));
    await stack.apply();
    expect(stack.processes(FORWARDER)).toEqual({ [FORWARDER]: 'none' });
    await stack.answers('127.0.0.1:5300', ['web']);
    await stack.destroy();
  }),
);

/** Of an ordinary user, with one capability. */
function expectFewRights(stack: Stack): void {
  for (const pid of stack.pids(FORWARDER)) {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\s+65534\s+65534\s+65534\s+65534$/m);
    expect(status).toMatch(/^CapEff:\s+0000000000000400$/m);
    expect(status).toMatch(/^CapBnd:\s+0000000000000400$/m);
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(status).toMatch(/^Seccomp:\s+2$/m);
  }
}

it(
  'is refused at plan while another process has the port, and reports one that took it after the plan',
  { timeout: 300_000 },
  inPrivateHost(async (host) => {
    const stack = new Stack(host, stackFile(['127.0.0.1:5300:53/udp']));
    const refused = async () => (await stack.run('plan')).stderr;
    const first = await takePort(host, 5300);
    await expect.poll(refused).toContain('listens there');
    expect(await refused()).toMatch(
      /baleine\.yaml:\d+:\d+: cannot publish 127\.0\.0\.1:5300\/udp: perl \(process \d+\) listens there/,
    );
    await first();
    await stack.apply();
    await answers(host, '127.0.0.1:5300');

    stack.write(stackFile(['127.0.0.1:5300:53/udp', '127.0.0.1:5301:53/udp']));
    await stack.plan('--out', 'late.plan');
    const second = await takePort(host, 5301);
    await expect.poll(refused).toContain('listens there');
    expect((await stack.run('apply', 'late.plan')).stderr).toContain(
      'cannot reload forwarder-udp: it stays with its old configuration',
    );
    expect(await lost(host, '127.0.0.1:5300', 1)).toBe('lost 0');
    await second();
    await stack.apply();
    expect(await lost(host, '127.0.0.1:5301', 1)).toBe('lost 0');
    await stack.destroy();
  }),
);

it(
  'is refused at plan on a host without the program, which doctor names',
  inPrivateHost(async (host) => {
    const modules = '/usr/lib/nginx/modules';
    await host.run('mount', ['-t', 'tmpfs', 'none', modules]);
    const stack = new Stack(host, stackFile(['8080:80', '5300:53/udp']));
    const { code, stderr } = await stack.run('plan');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /baleine\.yaml:\d+:\d+: nginx with its stream module, which publishes UDP ports, is not installed \(no \S+\.so\): apt-get install libnginx-mod-stream/,
    );
    const line = Number(/baleine\.yaml:(\d+)/.exec(stderr)?.[1]);
    expect(readFileSync(stack.file, 'utf8').split('\n')[line - 1]).toContain('5300:53/udp');
    const doctor = await host.baleine(['doctor'], { reject: false });
    expect(doctor.stdout).toMatch(/nginx stream module.*no published UDP ports/);
    await host.run('umount', [modules]);
    await stack.apply();
    await answers(host, '127.0.0.1:5300');
    await stack.destroy();
  }),
);

it(
  'publishes a range, and ports of its own choice that stay over kill, heal, stop and start',
  { timeout: 300_000 },
  inPrivateHost(async (host) => {
    const web = { ...SERVER, bridges: ['front'], publish: ['80', '127.0.0.1:8000-8001:80'] };
    const range = ['7000-7019:7000-7019/udp', '53/udp'];
    const file = stackFile(range, { web });
    const stack = new Stack(host, file);
    const busy = await takeTcpPort(host, 8000);
    await stack.apply();
    for (let port = 7000; port < 7020; port++) await answers(host, `127.0.0.1:${port}`);
    const before = [await stack.done('port', 'web'), await stack.done('port', 'dns')];
    expect(before[0]).toMatch(
      /^80\/tcp -> 0\.0\.0\.0:6[1-5]\d{3}\n80\/tcp -> 127\.0\.0\.1:8001\n$/,
    );
    const [, tcp = ''] = /0\.0\.0\.0:(\d+)/.exec(before[0] ?? '') ?? [];
    const [, udp = ''] = /53\/udp -> 0\.0\.0\.0:(\d+)/.exec(before[1] ?? '') ?? [];
    await stack.answers(`127.0.0.1:${tcp}`, ['web']);
    await answers(host, `127.0.0.1:${udp}`);
    expect(await stack.plan()).toBe(NOTHING);
    expect(await stack.done('ps')).toContain(' 0.0.0.0:7000-7019:7000-7019/udp,0.0.0.0:6');
    await busy();

    for (const id of ['pub.web', 'pub.dns', FORWARDER, 'pub.forwarder']) await stack.kill(id);
    // forwarders are healed at once, by runs of their own
    await stack.apply('--lock-timeout', '60s');
    await stack.done('stop', 'web');
    await stack.done('start', 'web');
    await stack.apply('--replace', 'container.dns', '--lock-timeout', '60s');
    expect([await stack.done('port', 'web'), await stack.done('port', 'dns')]).toEqual(before);
    await stack.answers(`127.0.0.1:${tcp}`, ['web']);
    await answers(host, `127.0.0.1:${udp}`);

    const other = new Stack(
      host,
      { ...stackFile(['53/udp', `${udp}-${Number(udp) + 1}:53/udp`]), name: 'other' },
      'other.yaml',
    );
    other.write({ ...JSON.parse(readFileSync(other.file, 'utf8')), bridges: OTHER_BRIDGE });
    await other.apply();
    expect(await other.done('port', 'dns')).not.toContain(`0.0.0.0:${udp}\n`);
    expect(await other.done('port', 'dns')).toContain(`0.0.0.0:${Number(udp) + 1}\n`);
    await other.destroy();
    await stack.destroy();
  }),
);

const OTHER_BRIDGE = { front: { subnet: '10.77.3.0/24', host: '10.77.3.1' } };

async function takeTcpPort(host: PrivateHost, port: number): Promise<() => Promise<void>> {
  const holder = spawn('nsenter', [
    ...[`--target=${host.pid}`, '--net', '--', 'busybox', 'nc', '-l', '-p', String(port)],
  ]);
  const gone = once(holder, 'exit');
  await once(holder, 'spawn');
  await expect
    .poll(async () => (await host.run('ss', ['-Hltn', `sport = ${port}`])).stdout)
    .not.toBe('');
  return async () => {
    holder.kill('SIGKILL');
    await gone;
  };
}

/** A process that has a UDP port until the returned function is called. */
async function takePort(host: PrivateHost, port: number): Promise<() => Promise<void>> {
  const holder = spawn('nsenter', [
    ...[`--target=${host.pid}`, '--net', '--', 'perl', '-e', ECHO, String(port)],
  ]);
  const gone = once(holder, 'exit');
  await once(holder, 'spawn');
  return async () => {
    holder.kill('SIGKILL');
    await gone;
  };
}
