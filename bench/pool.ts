/**
 * npm run bench:pool -- [--containers 20] [--rounds 3] [--seconds 5] [--only up,io,sql]
 *
 * What copies cost: containers of one image of 200 MB, on a root on the machine's disk, on a pool there,
 * and with docker-compose; milliseconds until they run, alternating, and what each takes on the disk with
 * the image. Then fio(1) and pgbench(1) in one container of each, on its disk and on a volume. Runs on a
 * private host, and leaves nothing there.
 */
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { difference, snapshot } from '../test/support/leaks.js';
import { type Daemon, startDaemon } from './dockerd.js';
import { COMMAND, names, removeCgroupParent } from './subject.js';
import { type Command, installed, median, output, time } from './time.js';

const { values: options } = parseArgs({
  options: {
    containers: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    only: { type: 'string', default: 'up,io,sql' },
  },
});
delete process.env.NODE_EXTRA_CA_CERTS;

const MiB = 2 ** 20;
/** 200 MB: large files, medium ones, and 5000 small ones. */
const CONTENT = [
  { folder: 'large', count: 6, bytes: 20 * MiB },
  { folder: 'middling', count: 40, bytes: MiB },
  { folder: 'small', count: 5000, bytes: 8192 },
];
const FIO = '/usr/bin/fio';
/** Of Debian 12; initdb(1) finds its other programs and files beside it. */
const POSTGRES = '/usr/lib/postgresql/15';
const PROGRAMS = ['initdb', 'pg_ctl', 'pgbench', 'postgres', 'psql'];
/** PostgreSQL refuses to run as root. */
const NOBODY = '65534:65534';

const dir = realpathSync(mkdtempSync(join(tmpdir(), 'bench-pool-')));
const tree = join(dir, 'tree');
const containers = names(Number(options.containers));

interface Contender {
  name: string;
  /** Everything that it has on the disk. */
  place: string;
  start(): Promise<void> | void;
  up(): number;
  down(): void;
  /** Runs a command in the first container, as root unless another user is named. */
  inside(command: string[], user?: string): string;
  end(): Promise<void> | void;
}

const all: Contender[] = [
  baleine('baleine, pool', join(dir, 'pool'), true),
  baleine('baleine, ext4', join(dir, 'ext4'), false),
  ...(['dockerd', 'docker', 'docker-compose'].every(installed)
    ? [compose(join(dir, 'docker'))]
    : []),
];

const before = await snapshot({ root: join(dir, 'pool/root') });
const started: Contender[] = [];
try {
  writeTree();
  for (const each of all) {
    started.push(each);
    await each.start();
  }
  if (options.only.includes('up')) compareStarts();
  if (options.only.includes('io') && installed('fio')) compareWrites();
  if (options.only.includes('sql') && existsSync(POSTGRES)) compareTransactions();
} finally {
  for (const { end } of started.reverse()) await end();
  removeCgroupParent();
  rmSync(dir, { recursive: true, force: true });
  const left = difference(before, await snapshot({ root: join(dir, 'pool/root') })).filter(
    (each) => !/docker/.test(each),
  );
  if (left.length > 0) console.log(`\nleft behind:\n  ${left.join('\n  ')}`);
}

function compareStarts(): void {
  const rounds = Number(options.rounds);
  const taken = all.map(() => ({ up: [] as number[], written: [] as number[], disk: 0, image: 0 }));
  for (const [at, { place }] of all.entries()) {
    const own = taken[at];
    if (own) own.image = onDisk(place);
  }
  for (let round = 0; round < rounds; round++) {
    for (const at of round % 2 === 0 ? all.keys() : [...all.keys()].reverse()) {
      const [subject, own] = [all[at], taken[at]];
      if (!subject || !own) continue;
      time(['sync']);
      const up = subject.up();
      own.up.push(up);
      own.written.push(up + time(['sync', '--file-system', dir]));
      own.disk = onDisk(subject.place);
      subject.down();
    }
  }
  const last = taken.at(-1);
  for (const [at, { name }] of all.entries()) {
    const own = taken[at];
    if (!own || !last) continue;
    const [ours, theirs] = [own, last].map(({ up }) => median(up)) as [number, number];
    const ratios =
      own === last
        ? ''
        : `   ${(ours / theirs).toFixed(2)}× the time, ${(own.disk / last.disk).toFixed(2)}× the space of docker-compose`;
    console.log(
      `${name.padEnd(16)}${ours.toFixed(0).padStart(7)} ms (${median(own.written).toFixed(0)} until written), ${megabytes(own.disk)} MB with the image, ${megabytes(own.image)} MB without containers${ratios}`,
    );
  }
}

/** The machine's disk below all of them is the same; what is in the page cache does not count. */
function compareWrites(): void {
  const jobs: [string, string[]][] = [
    ['sequential writes, MB/s', ['--rw=write', '--bs=1M', '--end_fsync=1']],
    [
      'random reads 4k, IOPS',
      ['--rw=randread', '--bs=4k', '--direct=1', '--iodepth=16', '--ioengine=libaio'],
    ],
    [
      'random writes 4k, IOPS',
      ['--rw=randwrite', '--bs=4k', '--direct=1', '--iodepth=16', '--ioengine=libaio'],
    ],
    ['writes 4k with fsync, IOPS', ['--rw=randwrite', '--bs=4k', '--fsync=1']],
  ];
  for (const each of all) each.up();
  try {
    for (const place of ['/own', '/data']) {
      for (const [title, job] of jobs) {
        const rates = all.map(() => [] as number[]);
        for (let round = 0; round < Number(options.rounds); round++) {
          for (const [at, subject] of all.entries()) rates[at]?.push(rateOf(subject, place, job));
        }
        show(place, title, rates);
      }
    }
  } finally {
    for (const each of all) each.down();
  }
}

/** @param rates of each contender, docker-compose's last */
function show(place: string, title: string, rates: number[][]): void {
  const docker = median(rates.at(-1) ?? []);
  const shown = all.map(({ name }, at) => {
    const rate = median(rates[at] ?? []);
    return `${name} ${rate.toFixed(0)} (${(rate / docker).toFixed(2)}×)`;
  });
  console.log(`${place === '/own' ? 'disk' : 'volume'}: ${title}: ${shown.join(', ')}`);
}

/** pgbench(1) with its own tables for 1,000,000 accounts, 4 clients, every transaction durable. */
function compareTransactions(): void {
  for (const each of all) each.up();
  try {
    for (const place of ['/own', '/data']) {
      for (const subject of all) startPostgres(subject, place);
      const rates = all.map(() => [] as number[]);
      for (let round = 0; round < Number(options.rounds); round++) {
        for (const [at, subject] of all.entries()) {
          const words = ['--client=4', '--jobs=2', `--time=${Number(options.seconds) * 2}`];
          const said = postgres(subject, 'pgbench', '--host=/tmp', ...words, 'postgres');
          rates[at]?.push(Number(/^tps = ([\d.]+)/m.exec(said)?.[1]));
        }
      }
      show(place, 'pgbench, transactions/s', rates);
      for (const each of all) postgres(each, 'pg_ctl', '-D', `${place}/db`, '-m', 'fast', 'stop');
    }
  } finally {
    for (const each of all) each.down();
  }
}

function startPostgres(subject: Contender, place: string): void {
  subject.inside(['busybox', 'chown', NOBODY, place]);
  subject.inside(['busybox', 'chmod', '1777', '/tmp']);
  const data = ['-D', `${place}/db`];
  postgres(subject, 'initdb', ...data, '--auth=trust', '--username=postgres', '--locale=C');
  const server = '-c unix_socket_directories=/tmp -c listen_addresses=';
  postgres(subject, 'pg_ctl', ...data, '-l', `${place}/log`, '-o', server, '--wait', 'start');
  postgres(subject, 'pgbench', '--host=/tmp', '--initialize', '--scale=10', '--quiet', 'postgres');
}

function postgres(subject: Contender, program: string, ...words: string[]): string {
  const environment = ['PGUSER=postgres', 'LC_ALL=C', `PATH=${POSTGRES}/bin:/bin:/usr/bin`];
  const command = ['busybox', 'env', ...environment, `${POSTGRES}/bin/${program}`, ...words];
  return subject.inside(command, NOBODY);
}

function rateOf(subject: Contender, place: string, job: string[]): number {
  const words = ['--name=bench', `--filename=${place}/fio`, '--size=96M', '--output-format=json'];
  const timed = job.includes('--bs=1M') ? [] : ['--time_based', `--runtime=${options.seconds}`];
  const { jobs } = JSON.parse(subject.inside([FIO, ...words, ...timed, ...job]));
  const [{ read, write }] = jobs;
  const done = read.total_ios > 0 ? read : write;
  return job.includes('--bs=1M') ? done.io_bytes / 1e3 / jobs[0].job_runtime : done.iops;
}

/** Bytes that a folder takes on the disk of the machine, once all is written. */
function onDisk(place: string): number {
  time(['sync', '--file-system', dir]);
  return Number(
    output(['du', '--summarize', '--block-size=1', '--one-file-system', place]).split('\t')[0],
  );
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

function writeTree(): void {
  for (const { folder, count, bytes } of CONTENT) {
    for (let file = 0; file < count; file++) {
      const into = join(tree, folder, String(file % 50));
      mkdirSync(into, { recursive: true });
      writeFileSync(join(into, String(file)), randomBytes(bytes));
    }
  }
  for (const folder of ['own', 'data', 'tmp']) mkdirSync(join(tree, folder));
  const servers = PROGRAMS.map((each) => `${POSTGRES}/bin/${each}`);
  for (const program of ['/bin/busybox', FIO, ...servers].filter((each) => existsSync(each))) {
    const libraries = output(['sh', '-c', `ldd ${program} || true`]).match(/\/\S+/g) ?? [];
    for (const file of [program, ...libraries.filter((each) => !each.endsWith(':'))]) {
      copy(file, '-L');
    }
  }
  symlinkSync('busybox', join(tree, 'bin/sh'));
  if (!existsSync(POSTGRES)) return;
  for (const each of [`${POSTGRES}/lib`, '/usr/share/postgresql/15', '/usr/share/zoneinfo']) {
    copy(each, '-a');
  }
  mkdirSync(join(tree, 'etc'), { recursive: true });
  writeFileSync(join(tree, 'etc/passwd'), 'postgres:x:65534:65534::/tmp:/bin/sh\n');
}

/** Puts a file or folder of this machine at the same path of the tree. */
function copy(path: string, ...how: string[]): void {
  mkdirSync(join(tree, dirname(path)), { recursive: true });
  time(['cp', ...how, '-T', path, join(tree, path)]);
}

/** JSON is valid YAML. */
function baleine(name: string, place: string, isPool: boolean): Contender {
  const root = join(place, 'root');
  const file = join(place, 'baleine.yaml');
  const command = (...words: string[]): Command => [
    ...([process.execPath, 'dist/main.js', '--root', root, '--file', file] as const),
    ...words,
  ];
  return {
    ...{ name, place },
    start: () => {
      mkdirSync(place);
      const container = {
        image: 'base',
        command: COMMAND,
        bridges: ['net'],
        stop_signal: 'SIGKILL',
      };
      const entries = containers.map((each, at) => [
        each,
        { ...container, ...(at === 0 && { volumes: ['data:/data'] }) },
      ]);
      const [third] = [isPool ? 80 : 81];
      const stack = {
        name: 'bench',
        images: { base: { size: '2G', from: { directory: tree } } },
        volumes: { data: {} },
        bridges: { net: { subnet: `10.${third}.0.0/24`, host: `10.${third}.0.1` } },
        containers: Object.fromEntries(entries),
      };
      writeFileSync(file, JSON.stringify(stack));
      if (isPool) time(command('pool', 'create', '--size', '20G'));
      time(command('apply', '--auto-approve', '--target', 'image.base'));
    },
    up: () => time(command('apply', '--auto-approve', '--quiet')),
    down: () => {
      const targets = containers.flatMap((each) => ['--target', `container.${each}`]);
      time(command('destroy', '--auto-approve', ...targets));
    },
    inside: (words, user = '0:0') =>
      output(command('exec', '--user', user, containers[0] ?? '', '--', ...words)),
    end: () => {
      time(command('destroy', '--auto-approve', '--volumes'));
      if (isPool) time(command('pool', 'remove'));
    },
  };
}

function compose(place: string): Contender {
  let daemon: Daemon;
  const environment = () => ({ cwd: place, env: { DOCKER_HOST: daemon.host } });
  const run = (...command: Command) => time(command, environment());
  return {
    ...{ name: 'docker-compose', place },
    start: async () => {
      mkdirSync(place);
      daemon = await startDaemon(place);
      const service = { image: 'base', command: COMMAND, stop_signal: 'SIGKILL' };
      const entries = containers.map((each, at) => [
        each,
        { ...service, ...(at === 0 && { volumes: ['data:/data'] }) },
      ]);
      const project = {
        version: '2.4',
        services: Object.fromEntries(entries),
        volumes: { data: {} },
        networks: { default: { ipam: { config: [{ subnet: '10.82.0.0/24' }] } } },
      };
      writeFileSync(join(place, 'docker-compose.yml'), JSON.stringify(project));
      run('sh', '-c', `tar -C ${tree} -c . | docker import - base`);
    },
    up: () => run('docker-compose', 'up', '-d'),
    down: () => void run('docker-compose', 'down', '--timeout', '0'),
    inside: (words, user = '0:0') =>
      output(
        ['docker-compose', 'exec', '-T', '-u', user, containers[0] ?? '', ...words],
        environment(),
      ),
    end: () => daemon.end(),
  };
}
