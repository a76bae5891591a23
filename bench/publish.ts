/**
 * npm run bench:publish -- [--rounds 5] [--seconds 3] [--farm-only | --server-only | --udp-only]
 *
 * Requests per second (wrk, one thread, 32 connections) through a published port, baleine's and
 * Docker's `-p`, alternating: for a farm (client, proxy, server; the same HAProxy and servers by baleine
 * and by docker-compose), and for a single server behind baleine's forwarder, and with a socket that it
 * inherits. Docker has two ways:
 * connections to 127.0.0.1 go through docker-proxy, those to another address of the host through a NAT
 * rule of the kernel. UDP: answered datagrams per second of 32 clients, each with one under way. Runs on a private host and leaves nothing there.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { difference, snapshot } from '../test/support/leaks.js';
import { startDaemon } from './dockerd.js';
import { farmOfCompose, farmOfOurs } from './farm-subjects.js';
import { removeCgroupParent } from './subject.js';
import { type Command, median, output, time } from './time.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    'farm-only': { type: 'boolean', default: false },
    'udp-only': { type: 'boolean', default: false },
    'server-only': { type: 'boolean', default: false },
  },
});

/** Answers from memory, so that forwarding is the bottleneck. */
const SERVER = `global
    presetenv SOCKET 127.0.0.2:8080
defaults
    mode http
    timeout client 60s
    timeout server 60s
    timeout connect 5s
frontend web
    bind :80
    bind "\${SOCKET}"
    http-request return status 200 content-type text/plain string "ok"
`;
const PROGRAM = ['/usr/sbin/haproxy', '-db', '-f', '/server.cfg'];

/** Answers each datagram with the same. */
const ECHO = [
  '/usr/bin/perl',
  '-e',
  'socket(S, 2, 2, 0) && bind(S, pack \'Sna4x8\', 2, 80, "\\0\\0\\0\\0") or die $!; ' +
    'while (1) { my $from = recv(S, my $text, 65535, 0); send(S, $text, 0, $from) if defined $from }',
];

const dir = realpathSync(mkdtempSync(join(tmpdir(), 'bench-publish-')));
const root = join(dir, 'root');
const docker = join(dir, 'docker');
const environment = { cwd: docker, env: { DOCKER_HOST: `unix://${join(docker, 'docker.sock')}` } };
const baleine = (...words: string[]): Command => [
  ...([process.execPath, 'dist/main.js'] as const),
  ...['--root', root, '--file', join(dir, 'baleine.yaml'), ...words],
];

const before = await snapshot({ root });
try {
  writeFileSync(join(dir, 'server.cfg'), SERVER);
  const parts = { farm: compareFarms, server: compare, udp: compareUdp };
  const only = Object.keys(parts).filter((each) => options[`${each}-only` as keyof typeof options]);
  for (const [name, part] of Object.entries(parts)) {
    if (only.length === 0 || only.includes(name)) await part();
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
  const left = difference(before, await snapshot({ root })).filter((each) => !/docker/.test(each));
  if (left.length > 0) console.log(`\nleft behind:\n  ${left.join('\n  ')}`);
}

/** Results of the same path: baleine's first, the others to compare. */
type Places = Record<string, string>;

async function compareFarms(): Promise<void> {
  const ours = farmOfOurs(join(dir, 'farm'), 8080);
  const theirs = farmOfCompose(join(dir, 'compose'), ours.configuration, 8081);
  for (const each of [ours, theirs]) {
    await each.start();
    each.change({ replicas: 3, version: 'v1' });
  }
  // dockerd makes the kernel drop forwarded packets, even on bridges that are not its own
  time(['iptables', '-P', 'FORWARD', 'ACCEPT']);
  await sleep(2000);
  try {
    measure('farm', {
      'baleine publish': 'http://127.0.0.1:8080/',
      'docker -p, docker-proxy': 'http://127.0.0.1:8081/',
      'docker -p, NAT': 'http://10.77.1.1:8081/',
      'no published port, bridge': ours.url,
    });
  } finally {
    await theirs.end();
    await ours.end();
  }
}

async function compare(): Promise<void> {
  startBaleine(PROGRAM, '127.0.0.1:8080:80', true);
  try {
    const end = await startDocker();
    try {
      measure('server', {
        'baleine publish': 'http://127.0.0.1:8080/',
        'docker -p, docker-proxy': 'http://127.0.0.1:8081/',
        'docker -p, NAT': 'http://10.77.0.1:8081/',
        'no published port, bridge': 'http://10.77.0.2/',
      });
      measure('server, socket activation', {
        'baleine socket_activation': 'http://10.77.0.1:8082/',
        'docker -p, docker-proxy': 'http://127.0.0.1:8081/',
        'docker -p, NAT': 'http://10.77.0.1:8081/',
        'no published port, bridge': 'http://10.77.0.2/',
      });
    } finally {
      await end();
    }
  } finally {
    time(baleine('destroy', '--auto-approve'));
  }
}

async function compareUdp(): Promise<void> {
  startBaleine(ECHO, '127.0.0.1:8080:80/udp');
  try {
    const end = await startDocker(ECHO, '8081:80/udp');
    try {
      inTurns(
        'server, UDP',
        {
          'baleine publish': '127.0.0.1:8080',
          'docker -p, docker-proxy': '127.0.0.1:8081',
          'docker -p, NAT': '10.77.0.1:8081',
          'no published port, bridge': '10.77.0.2:80',
        },
        datagrams,
      );
    } finally {
      await end();
    }
  } finally {
    time(baleine('destroy', '--auto-approve'));
  }
}

/** Answered ones per second. Perl's own functions, without any module. */
function datagrams(place: string): number {
  const [address = '', port = ''] = place.split(':');
  const script = `
my ($address, $port, $seconds) = @ARGV;
my $to = pack('Sna4x8', 2, $port, pack('C4', split /[.]/, $address));
for (1 .. 32) {
  socket(my $socket, 2, 2, 0) or die $!;
  connect($socket, $to) or die $!;
  setsockopt($socket, 1, 20, pack('l!l!', 1, 0));
  push @sockets, $socket;
}
my ($end, $answered, $lost) = (time + $seconds, 0, 0);
while (time < $end) {
  send($_, 'x' x 100, 0) for @sockets;
  for (@sockets) { defined recv($_, my $text, 2000, 0) ? $answered++ : $lost++ }
}
print $answered / $seconds, " lost $lost";`;
  const text = output(['perl', '-e', script, address, port, String(options.seconds)]);
  if (!text.endsWith('lost 0')) console.log(`${place}: ${text}`);
  return Number.parseFloat(text);
}

function measure(what: string, places: Places): void {
  inTurns(`${what}, keep-alive`, places, (url) => load(url, []));
  inTurns(`${what}, a connection each`, places, (url) => load(url, ['-H', 'Connection: close']));
}

/** Ratios are of adjacent rounds, because the machine may be busy. */
function inTurns(what: string, places: Places, rate: (place: string) => number): void {
  const names = Object.keys(places);
  const taken = new Map(names.map((name) => [name, [] as number[]]));
  for (let round = 0; round < Number(options.rounds); round++) {
    const turn = round % 2 === 0 ? names : names.toReversed();
    for (const name of turn) taken.get(name)?.push(rate(places[name] ?? ''));
  }
  const [ours = []] = taken.values();
  console.log(`${what}, n=${ours.length}`);
  for (const [name, rates] of taken) {
    const ratio = median(rates.map((rate, at) => (ours[at] ?? rate) / rate)).toFixed(2);
    const note = rates === ours ? '' : `baleine is ${ratio}× of it`;
    const all = rates.map((each) => each.toFixed(0)).join(' ');
    const rate = median(rates).toFixed(0).padStart(8);
    console.log(`  ${name.padEnd(28)}${rate}/s   ${note.padEnd(26)} (${all})`);
  }
}

function load(url: string, more: string[]): number {
  const text = output(['wrk', '-t1', '-c32', `-d${options.seconds}s`, ...more, url]);
  if (/Non-2xx|Socket errors/.test(text)) console.log(`${url}: ${text}`);
  return Number(/Requests\/sec:\s*([\d.]+)/.exec(text)?.[1]);
}

/** JSON is valid YAML. */
function startBaleine(program: string[], publish: string, activated = false): void {
  const socket = { published: 8082, socket_activation: true };
  const stack = {
    name: 'bench',
    images: {
      base: {
        size: '64M',
        from: { host: { binaries: [program[0]] } },
        copy: [{ from: './server.cfg', to: '/server.cfg' }],
        command: program,
      },
    },
    bridges: { net: { subnet: '10.77.0.0/20', host: '10.77.0.1' } },
    containers: {
      web: {
        ...{ image: 'base', bridges: ['net'] },
        publish: [publish, ...(activated ? [socket] : [])],
        ...(activated && { environment: { SOCKET: 'fd@3' } }),
      },
    },
  };
  writeFileSync(join(dir, 'baleine.yaml'), JSON.stringify(stack));
  time(baleine('apply', '--auto-approve', '--quiet'));
}

async function startDocker(program = PROGRAM, publish = '8081:80'): Promise<() => Promise<void>> {
  mkdirSync(docker, { recursive: true });
  const daemon = await startDaemon(docker, {
    ...{ bridge: '', bip: '10.79.0.1/24', iptables: 'true', 'ip-masq': 'true' },
  });
  const run = (...command: Command) => time(command, environment);
  const libraries = output(['ldd', program[0] as string]).match(/\/\S+/g) ?? [];
  for (const file of [program[0] as string, ...libraries]) {
    run('mkdir', '-p', `tree${dirname(file)}`);
    run('cp', '-L', file, `tree${file}`);
  }
  run('cp', join(dir, 'server.cfg'), 'tree/server.cfg');
  run('sh', '-c', 'tar -C tree -c . | docker import - base');
  run('docker', 'run', '--detach', '--publish', publish, 'base', ...program);
  return async () => {
    run('sh', '-c', 'docker rm --force $(docker ps -q)');
    await daemon.end();
    removeCgroupParent();
  };
}
