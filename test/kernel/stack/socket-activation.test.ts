import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { usableRuntimes } from '../../support/runtimes.js';
import { headings, NOTHING, Stack, type StackFile } from './stack.js';

const IMAGE = {
  size: '64M',
  from: { host: { binaries: ['/bin/busybox', '/usr/bin/perl', '/usr/sbin/nginx'] } },
};

/**
 * An HTTP server on each inherited socket, which tells who asks and by which of them. It has only what is
 * built into Perl.
 */
const WHO = String.raw`
  my @names = split /:/, $ENV{LISTEN_FDNAMES};
  die "the sockets are for process $ENV{LISTEN_PID}\n" unless $ENV{LISTEN_PID} == 1;
  die "$ENV{LISTEN_FDS} sockets, names: @names\n" unless $ENV{LISTEN_FDS} == @names;
  $SIG{CHLD} = 'IGNORE';
  $SIG{TERM} = sub { kill 'KILL', @children; exit 0 };
  for my $at (0 .. $#names) {
    push(@children, fork) and $children[-1] and next;
    open my $socket, '+<&=', 3 + $at or die $!;
    while (my $peer = accept my $client, $socket) {
      my @number = length $peer > 16 ? '::1' : join '.', unpack 'x4C4', $peer;
      sysread $client, my $request, 4096;
      syswrite $client, "HTTP/1.0 200 OK\r\n\r\n@number at $names[$at]\n";
      close $client;
    }
  }
  sleep 1000 while 1`;

const PROGRAM = ['perl', '-e', WHO];

const at = (published: number, more: object = {}) => ({
  ...{ host_ip: '127.0.0.1', published, socket_activation: true },
  ...more,
});

const stackFile = (web: object, more: object = {}): StackFile => ({
  name: 'act',
  images: { box: IMAGE },
  containers: { web: { image: 'box', command: PROGRAM, ...web }, ...more },
});

/** What a client with an address of its own is told. */
async function ask(stack: Stack, url: string, from = '127.0.0.5'): Promise<string> {
  const args = ['--silent', '--show-error', '--max-time', '5', '--interface', from, url];
  const { stdout, stderr } = await stack.host.run('curl', args, { reject: false });
  return stdout || stderr;
}

async function holders(stack: Stack, place: string): Promise<string> {
  const { stdout } = await stack.host.run('ss', ['-Hltnp', `src = ${place}`]);
  return [...new Set([...stdout.matchAll(/"(\w+)",pid/g)].map(([, name]) => name))].sort().join();
}

const REFUSED = /Failed to connect|Connection refused/;
const PLACE = 'http://127.0.0.1:8080/';

describe.each(usableRuntimes())('%s', (runtime) => {
  it.each(['host', 'auto'])(
    'a program inherits sockets of the host in the order of the file, and heals with them; users: %s',
    { timeout: 300_000 },
    (userns) =>
      inPrivateHost(async (host) => {
        const publish = [at(8080), at(81, { host_ip: '::', socket_activation: 'web' })];
        const healthcheck = { http: { port: 8080 }, interval: '0s', on_failure: 'none' };
        const stack = new Stack(host, stackFile({ publish, healthcheck, runtime, userns }));
        await stack.apply();
        expect(await ask(stack, PLACE)).toBe('127.0.0.5 at 8080\n');
        expect(await ask(stack, 'http://[::1]:81/', '::1')).toBe('::1 at web\n');
        expect(await ask(stack, 'http://127.0.0.1:81/')).toMatch(REFUSED);
        expect(await stack.done('ps', '--format', 'json')).not.toContain('forwarder');
        expect(await stack.done('ps')).toMatch(/^web .* 127\.0\.0\.1:8080,\[::\]:81 /m);
        expect(await stack.done('port', 'web')).toBe(
          '8080/tcp -> 127.0.0.1:8080\n81/tcp -> [::]:81\n',
        );
        expect(await stack.done('exec', 'web', 'busybox', 'env')).not.toContain('LISTEN');
        expect(await stack.plan()).toBe(NOTHING);
        const { code, stderr } = await stack.run('apply', '-y', '--quiet');
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        expect(await stack.done('ps')).toMatch(/^web .*healthy/m);

        await stack.host.run('kill', ['-9', String(stack.pids('act.web')[0])]);
        await expect.poll(() => ask(stack, PLACE)).toMatch(REFUSED);
        await stack.apply();
        expect(await ask(stack, PLACE)).toBe('127.0.0.5 at 8080\n');

        await stack.done('restart', 'web');
        expect(await ask(stack, PLACE)).toBe('127.0.0.5 at 8080\n');
        await stack.done('stop', 'web');
        expect(await holders(stack, '127.0.0.1:8080')).toBe('');
        await stack.done('start', 'web');
        expect(await ask(stack, PLACE)).toBe('127.0.0.5 at 8080\n');
        await stack.destroy();
        expect(await holders(stack, '127.0.0.1:8080')).toBe('');
      })(),
  );
});

it(
  'moves a port from the forwarder to a socket and back, and from one container to another',
  { timeout: 300_000 },
  inPrivateHost(async (host) => {
    const bridges = { front: { subnet: '10.77.1.0/24', host: '10.77.1.1' } };
    const httpd = [
      'busybox',
      'sh',
      '-c',
      'mkdir /srv; echo httpd >/srv/index.html; exec busybox httpd -f -p 80 -h /srv',
    ];
    const forwarded = {
      ...{ image: 'box', command: httpd.map((each) => each.replace('mkdir', 'busybox mkdir')) },
      ...{ bridges: ['front'], publish: ['127.0.0.1:8080:80'], stop_signal: 'SIGKILL' },
    };
    const inherited = { publish: [at(8080)], bridges: ['front'] };
    const stack = new Stack(host, { ...stackFile(forwarded), bridges });
    await stack.apply();
    expect(await ask(stack, PLACE)).toBe('httpd\n');
    stack.write({ ...stackFile(inherited), bridges });
    await stack.apply();
    expect(await ask(stack, PLACE)).toBe('127.0.0.5 at 8080\n');
    expect(await stack.done('ps')).not.toContain('forwarder');
    stack.write({ ...stackFile(forwarded), bridges });
    await stack.apply();
    await expect.poll(() => ask(stack, PLACE)).toBe('httpd\n');
    stack.write({
      ...stackFile(
        { ...inherited, publish: [at(8081)] },
        { other: { image: 'box', command: PROGRAM, publish: [at(8080)] } },
      ),
      bridges,
    });
    await stack.apply();
    expect(await ask(stack, PLACE)).toBe('127.0.0.5 at 8080\n');
    stack.write({
      ...stackFile(
        { ...inherited, publish: [at(8080)] },
        { other: { image: 'box', command: PROGRAM, publish: [at(8081)] } },
      ),
      bridges,
    });
    expect(headings(await stack.plan())).toEqual([
      'container.web will be updated in-place (publish changed, sockets changed, takes a restart)',
      'container.other will be updated in-place (publish changed, sockets changed, takes a restart)',
    ]);
    await stack.apply();
    for (const port of [8080, 8081]) {
      expect(await ask(stack, `http://127.0.0.1:${port}/`)).toBe(`127.0.0.5 at ${port}\n`);
    }
    expect(await stack.plan()).toBe(NOTHING);
    await stack.destroy();
  }),
);

it(
  'a port in use is refused by the plan, of a process and of another stack; nginx serves by a socket alone',
  { timeout: 300_000 },
  inPrivateHost(async (host) => {
    const config = `daemon off; pid /dev/shm/pid; error_log stderr; events {}
http { access_log off; server { listen 8080; location / { return 200 "$remote_addr $server_port\\n"; } } }`;
    const nginx = {
      command: ['nginx', '-c', '/nginx.conf', '-g', 'daemon off;'].slice(0, 3),
      environment: { NGINX: '3;' },
      configs: [{ source: 'conf', target: '/nginx.conf' }],
      tmpfs: ['/var/lib/nginx', '/var/log/nginx'],
      network_mode: 'none',
      publish: [{ published: 8080, socket_activation: true }],
    };
    const configs = { conf: { content: config } };
    const stack = new Stack(host, { ...stackFile(nginx), configs });
    const holder = spawn('nsenter', [
      ...[`--target=${host.pid}`, '--net', '--', 'busybox', 'nc', '-l', '-p', '8080'],
    ]);
    const ended = once(holder, 'exit');
    await expect
      .poll(async () => (await stack.run('plan')).stderr, { timeout: 20_000 })
      .toMatch(
        /baleine\.yaml:\d+:\d+: cannot publish 0\.0\.0\.0:8080: busybox \(process \d+\) listens there/,
      );
    holder.kill('SIGKILL');
    await ended;
    await stack.apply();
    await expect.poll(() => ask(stack, PLACE)).toBe('127.0.0.5 8080\n');
    const other = new Stack(
      host,
      { ...stackFile({ publish: [at(8080)] }), name: 'other' },
      'other.yaml',
    );
    expect((await other.run('plan')).stderr).toMatch(
      /cannot publish 127\.0\.0\.1:8080: container web of stack act \(nginx, process \d+\) listens there/,
    );
    await stack.destroy();
  }),
);

/**
 * What a program could do with a socket of another network: connect it to what listens on the loopback
 * interface of the host, or listen on another port there with an accepted one.
 */
const ESCAPE = String.raw`
  $| = 1;
  $SIG{ALRM} = sub { die "timeout\n" };
  my $to = sub { pack 'Sna4x8', 2, $_[0], "\x7f\0\0\1" };
  open my $socket, '+<&=', 3 or die $!;
  accept my $client, $socket or die $!;
  print "accepted\n";
  connect $client, pack 'Sx14', 0 or print "disconnect: $!\n";
  print "bound\n" if bind $client, $to->(7777);
  listen $client, 5 or print "listen: $!\n";
  shutdown $socket, 2;
  my $result = eval { alarm 3; connect($socket, $to->(9999)) ? 'connected' : "refused: $!" } // $@;
  print "outgoing: $result\n";
  alarm 0;
  my $other = eval { alarm 10; accept(my $guest, $client) ? "guest\n" : "$!\n" } // $@;
  print "incoming: $other";
  sleep 1000 while 1`;

const LISTENER = String.raw`
  socket(S, 2, 1, 0) && bind(S, pack 'Sna4x8', 2, 9999, "\x7f\0\0\1") && listen(S, 5) or die $!;
  sleep 1000 while 1`;

it(
  'a socket is for connections to its port only',
  { timeout: 300_000 },
  inPrivateHost(async (host) => {
    const stack = new Stack(
      host,
      stackFile({ command: ['perl', '-e', ESCAPE], publish: [at(8080)], stop_signal: 'SIGKILL' }),
    );
    await stack.apply();
    const inside = [`--target=${host.pid}`, '--net', '--'];
    const victim = spawn('nsenter', [...inside, 'perl', '-e', LISTENER]);
    const ended = once(victim, 'exit');
    await expect.poll(() => holders(stack, '127.0.0.1:9999'), { timeout: 20_000 }).toBe('perl');
    await ask(stack, PLACE);
    await expect.poll(() => stack.done('logs', 'web'), { timeout: 30_000 }).toContain('outgoing');
    await ask(stack, 'http://127.0.0.1:7777/');
    await expect.poll(() => stack.done('logs', 'web'), { timeout: 30_000 }).toContain('incoming');
    expect(await stack.done('logs', 'web')).toContain(
      'accepted\nbound\noutgoing: timeout\n\nincoming: timeout\n',
    );
    victim.kill('SIGKILL');
    await ended;
    await stack.destroy();
  }),
);

it(
  'an imperative container has sockets, too',
  { timeout: 300_000 },
  inPrivateHost(async (host) => {
    const stack = new Stack(host);
    const flag = 'host_ip=127.0.0.1,published=8080,socket_activation=web';
    await stack.done('image', 'create', 'own', '--from-host', '/usr/bin/perl', '--size', '64M');
    const words = ['create', 'one', '--image', 'own', '--start', '-p', flag];
    await stack.done('container', ...words, '--', ...PROGRAM);
    expect(await ask(stack, PLACE)).toBe('127.0.0.5 at web\n');
    await stack.done('container', 'restart', 'one');
    expect(await ask(stack, PLACE)).toBe('127.0.0.5 at web\n');
    expect(await stack.done('container', 'list')).toMatch(/ one .* 127\.0\.0\.1:8080 /m);
    await stack.done('container', 'rm', '--force', 'one');
    expect(await holders(stack, '127.0.0.1:8080')).toBe('');
    await stack.done('image', 'prune', '-y');
  }),
);
