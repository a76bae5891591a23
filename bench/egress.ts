/**
 * npm run bench:egress -- [--rounds 5] [--seconds 3]
 *
 * Megabytes per second of one TCP stream from a container to a machine outside, alternating: through
 * baleine's `egress`, through Docker's NAT rule, and from a network namespace with a veth of its own
 * there, which is as fast as it gets. Also the memory of the egress program afterwards. Runs on a private
 * host, whose outside is a namespace too, and leaves nothing there.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { difference, snapshot } from '../test/support/leaks.js';
import { startDaemon } from './dockerd.js';
import { removeCgroupParent } from './subject.js';
import { type Command, installed, median, output, time } from './time.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
  },
});

/** Answers each connection with the number of bytes that came. Perl's own functions, without any module. */
const SINK = `
socket(L, 2, 1, 0); setsockopt(L, 1, 2, 1); bind(L, pack('Sna4x8', 2, 5000, "\\0" x 4)) or die $!; listen(L, 8);
while (accept(my $client, L)) {
  my $all = 0;
  while (my $read = sysread($client, my $block, 1 << 20)) { $all += $read }
  syswrite($client, $all);
  close $client;
}`;

/** Sends for some seconds, from the beginning of one. */
const SOURCE = `
my ($address, $seconds) = @ARGV;
socket(S, 2, 1, 0) && connect(S, pack('Sna4x8', 2, 5000, pack('C4', split /[.]/, $address))) or die $!;
my $block = "\\0" x (1 << 17);
my $end = time + 1 + $seconds;
1 while time < $end - $seconds;
syswrite(S, $block) while time < $end;
shutdown(S, 1);
sysread(S, my $all, 100);
print $all / $seconds / 1e6;`;

const PERL = '/usr/bin/perl';
const OUTSIDE = { nat: '203.0.113.10', bare: '198.51.100.10' };

const dir = realpathSync(mkdtempSync(join(tmpdir(), 'bench-egress-')));
const root = join(dir, 'root');
const docker = join(dir, 'docker');
const environment = { cwd: docker, env: { DOCKER_HOST: `unix://${join(docker, 'docker.sock')}` } };
const baleine = (...words: string[]): Command => [
  ...([process.execPath, 'dist/main.js'] as const),
  ...['--root', root, '--file', join(dir, 'baleine.yaml'), ...words],
];
const ip = (...words: string[]) => time(['ip', ...words]);

const before = await snapshot({ root });
const ends: (() => Promise<void> | void)[] = [];
try {
  ends.push(await startOutside());
  ends.push(startBaleine());
  const ways: Record<string, Command> = {
    'baleine egress': baleine(
      'exec',
      'web',
      '--',
      PERL,
      '-e',
      SOURCE,
      OUTSIDE.nat,
      options.seconds,
    ),
  };
  if (installed('dockerd')) {
    const { end, container } = await startDocker();
    ends.push(end);
    ways['docker, NAT'] = [
      ...(['docker', `--host=${environment.env.DOCKER_HOST}`, 'exec', container] as const),
      ...[PERL, '-e', SOURCE, OUTSIDE.nat, options.seconds],
    ];
  }
  ways['veth of its own'] = [
    ...(['ip', 'netns', 'exec', 'bare', PERL, '-e', SOURCE] as const),
    ...[OUTSIDE.bare, options.seconds],
  ];
  compare(ways);
  console.log(`memory of the egress program: ${memoryOf('egress-front').toFixed(1)} MB (PSS)`);
} finally {
  for (const end of ends.reverse()) await end();
  rmSync(dir, { recursive: true, force: true });
  const left = difference(before, await snapshot({ root })).filter((each) => !/docker/.test(each));
  if (left.length > 0) console.log(`\nleft behind:\n  ${left.join('\n  ')}`);
}

/** Ratios are of adjacent rounds, because the machine may be busy. */
function compare(ways: Record<string, Command>): void {
  const names = Object.keys(ways);
  const taken = new Map(names.map((name) => [name, [] as number[]]));
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      taken.get(name)?.push(Number(output(ways[name] as Command)));
    }
  }
  const [ours = []] = taken.values();
  for (const [name, rates] of taken) {
    const ratio = median(rates.map((rate, at) => (ours[at] ?? rate) / rate)).toFixed(2);
    const note = rates === ours ? '' : `baleine is ${ratio}× of it`;
    const all = rates.map((each) => each.toFixed(0)).join(' ');
    const rate = median(rates).toFixed(0).padStart(6);
    console.log(`${name.padEnd(18)}${rate} MB/s   ${note.padEnd(24)} (${all})`);
  }
}

/** Megabytes of a container's processes; what several share counts in part (proc_pid_smaps(5)). */
function memoryOf(container: string): number {
  const [{ pid }] = JSON.parse(output(baleine('inspect', container)));
  const all = [String(pid)];
  for (const each of all) {
    const path = `/proc/${each}/task/${each}/children`;
    all.push(...readFileSync(path, 'utf8').split(' ').filter(Boolean));
  }
  const sizes = all.map((each) => {
    const text = readFileSync(`/proc/${each}/smaps_rollup`, 'utf8');
    return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1]);
  });
  return sizes.reduce((sum, each) => sum + each, 0) / 1024;
}

async function startOutside(): Promise<() => Promise<void>> {
  for (const name of ['outside', 'bare']) ip('netns', 'add', name);
  ip('link', 'add', 'out0', 'type', 'veth', 'peer', 'name', 'out1', 'netns', 'outside');
  ip('address', 'add', '203.0.113.1/24', 'dev', 'out0');
  ip('link', 'set', 'out0', 'up');
  ip(
    'link',
    'add',
    'b0',
    'netns',
    'bare',
    'type',
    'veth',
    'peer',
    'name',
    'b1',
    'netns',
    'outside',
  );
  ip('-netns', 'bare', 'address', 'add', '198.51.100.1/24', 'dev', 'b0');
  ip('-netns', 'bare', 'link', 'set', 'b0', 'up');
  for (const [device, address] of [
    ['out1', OUTSIDE.nat],
    ['b1', OUTSIDE.bare],
  ]) {
    ip('-netns', 'outside', 'address', 'add', `${address}/24`, 'dev', device as string);
    ip('-netns', 'outside', 'link', 'set', device as string, 'up');
  }
  const words = ['netns', 'exec', 'outside', PERL, '-e', SINK];
  const sink: ChildProcess = spawn('ip', words, { stdio: 'inherit' });
  await sleep(500);
  return async () => {
    const gone = once(sink, 'exit');
    sink.kill('SIGKILL');
    await gone;
    for (const name of ['outside', 'bare']) ip('netns', 'delete', name);
  };
}

/** JSON is valid YAML. */
function startBaleine(): () => void {
  const stack = {
    name: 'bench',
    images: { base: { size: '64M', from: { host: { binaries: [PERL, '/bin/busybox'] } } } },
    bridges: { front: { subnet: '10.77.0.0/24', egress: true } },
    containers: {
      web: { image: 'base', init: true, bridges: ['front'], command: ['busybox', 'sleep', '1d'] },
    },
  };
  writeFileSync(join(dir, 'baleine.yaml'), JSON.stringify(stack));
  time(baleine('apply', '--auto-approve', '--quiet'));
  return () => void time(baleine('destroy', '--auto-approve'));
}

async function startDocker(): Promise<{ end: () => Promise<void>; container: string }> {
  mkdirSync(docker, { recursive: true });
  const daemon = await startDaemon(docker, {
    ...{ bridge: '', bip: '10.79.0.1/24', iptables: 'true', 'ip-masq': 'true' },
  });
  const run = (...command: Command) => time(command, environment);
  for (const program of [PERL, '/bin/busybox']) {
    const libraries = output(['sh', '-c', `ldd ${program} || true`]).match(/\/\S+/g) ?? [];
    for (const file of [program, ...libraries.filter((each) => !each.endsWith(':'))]) {
      run('mkdir', '-p', `tree${dirname(file)}`);
      run('cp', '-L', file, `tree${file}`);
    }
  }
  run('sh', '-c', 'tar -C tree -c . | docker import - base');
  const sleeping = ['/bin/busybox', 'sleep', '1d'];
  run('docker', 'run', '--detach', '--init', '--name', 'web', 'base', ...sleeping);
  // dockerd makes the kernel drop forwarded packets, even on bridges that are not its own
  time(['iptables', '-P', 'FORWARD', 'ACCEPT']);
  return {
    container: 'web',
    end: async () => {
      run('docker', 'rm', '--force', 'web');
      await daemon.end();
      removeCgroupParent();
    },
  };
}
