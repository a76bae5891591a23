import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { baleine } from './baleine.js';
import { CGROUP_PARENT, names, removeCgroupParent, type Subject } from './subject.js';
import { type Command, time } from './time.js';

/**
 * The same work without a program that thinks: cp, mount, ip, conmon and the OCI runtime in a loop of
 * a shell for each processor, with everything that they need written down before. It checks nothing,
 * keeps no state, and survives no failure.
 */
export function floor(dir: string, containers: number): Subject {
  const all = names(containers);
  const scripts = (name: string) => join(dir, name);
  const run = (name: string) => time(['sh', '-e', scripts(name)]);

  return {
    name: 'floor',
    start: () => {
      for (const folder of ['disks', 'state', 'exits', 'sockets', 'logs']) {
        mkdirSync(join(dir, folder), { recursive: true });
      }
      const made = learn(dir);
      for (const name of all) writeBundle(dir, name, made.config);
      writeFileSync(join(dir, 'links'), linkLines(all));
      writeFileSync(join(dir, 'unlinks'), unlinkLines(all));
      all.forEach((name, index) => {
        writeFileSync(join(bundleOf(dir, name), 'guest'), guestLines(index));
      });
      writeLanes(scripts('up'), ['ip -batch links'], [], dir, all, (name) =>
        upLines(dir, name, made.command),
      );
      writeLanes(scripts('down'), [], ['ip -batch unlinks'], dir, all, (name) =>
        downLines(dir, name, made.command),
      );
    },
    prepare: () => undefined,
    up: () => run('up'),
    again: () => undefined,
    heal: () => undefined,
    down: () => run('down'),
    running: () => all.filter((name) => isRunning(join(bundleOf(dir, name), 'pid'))).length,
    end: removeCgroupParent,
  };
}

const bundleOf = (dir: string, name: string) => join(dir, 'bundles', name);

/** What baleine gives the runtime here, and how it calls it. */
interface Made {
  /** config.json */
  config: string;
  command: string[];
}

/** Lets baleine make the image and one container, and keeps what it made. */
function learn(dir: string): Made {
  const one = baleine(join(dir, 'learnt'), 1);
  one.start();
  one.prepare();
  one.up();
  try {
    const runs = readdirSync('/run/baleine').map((tag) => join('/run/baleine', tag));
    const file = runs
      .map((run) => join(run, 'containers/bench.c1/config.json'))
      .find((path) => existsSync(path));
    if (file === undefined) throw new Error('cannot find what baleine gave to the runtime');
    copyFileSync(join(one.root, 'disks/bench.c1.img'), join(dir, 'base.img'));
    const cache = readFileSync(join(dirname(dirname(dirname(file))), 'runtime.json'), 'utf8');
    const [selected] = Object.values(JSON.parse(cache).selected) as { command: string[] }[];
    return { config: readFileSync(file, 'utf8'), command: selected?.command ?? ['crun'] };
  } finally {
    one.down();
    rmSync(join(dir, 'learnt'), { recursive: true, force: true });
  }
}

function writeBundle(dir: string, name: string, config: string): void {
  const bundle = bundleOf(dir, name);
  mkdirSync(join(bundle, 'rootfs'), { recursive: true });
  for (const file of ['hosts', 'hostname', 'resolv.conf']) {
    writeFileSync(join(bundle, file), `${name}\n`);
  }
  const own = config
    .replaceAll(/\/run\/baleine\/[^/"]+\/containers\/[^/"]+/g, bundle)
    .replaceAll(/\/run\/netns\/[^"]+/g, `/run/netns/floor-${name}`)
    .replace(/"cgroupsPath":"[^"]+"/, `"cgroupsPath":"${CGROUP_PARENT}/${name}"`);
  writeFileSync(join(bundle, 'config.json'), own);
}

/** The interfaces are a group, so that they can be removed together. */
const GROUP = 77;

function linkLines(all: string[]): string {
  return lines([
    'link add floor type bridge',
    'address add 10.76.0.1/20 dev floor',
    'link set dev floor up',
    ...all.map((name) => `netns add floor-${name}`),
    ...all.map((name) => {
      const peer = `peer name eth0 netns floor-${name}`;
      return `link add name fl-${name} group ${GROUP} up master floor type veth ${peer}`;
    }),
  ]);
}

function unlinkLines(all: string[]): string {
  return lines([
    `link delete group ${GROUP}`,
    ...all.map((name) => `netns delete floor-${name}`),
    'link delete dev floor',
  ]);
}

function guestLines(index: number): string {
  const host = index + 2;
  return lines([
    'link set dev lo up',
    `address add 10.76.${host >> 8}.${host & 255}/20 dev eth0`,
    'link set dev eth0 up',
  ]);
}

function upLines(dir: string, name: string, [program = '', ...words]: string[]): string[] {
  const bundle = bundleOf(dir, name);
  const monitor = [
    ...['conmon', '--api-version', '1', '--cid', name, '--cuuid', name, '--name', name],
    ...['--runtime', program, ...[...words, '--root', join(dir, 'state')].flatMap(runtimeArg)],
    ...['--bundle', bundle, '--container-pidfile', join(bundle, 'pid')],
    ...['--exit-dir', join(dir, 'exits'), '--socket-dir-path', join(dir, 'sockets')],
    ...['--log-path', `k8s-file:${join(dir, 'logs', name)}`],
  ];
  const bare = words.at(-1) ?? program;
  const start = shell([bare, '--root', join(dir, 'state'), 'start', name]);
  return [
    `cp --reflink=auto --sparse=always base.img disks/${name}.img`,
    `mount -t ext4 -o loop,nodev,nosuid disks/${name}.img bundles/${name}/rootfs`,
    `ip netns exec floor-${name} ip -batch bundles/${name}/guest`,
    `_OCI_SYNCPIPE=9 ${shell(monitor)} 9>&1 >/dev/null </dev/null | { read -r pid; ${start}; }`,
  ];
}

const runtimeArg = (word: string) => ['--runtime-arg', word];

function downLines(dir: string, name: string, command: string[]): string[] {
  const bare = command.at(-1) ?? '';
  return [
    shell([bare, '--root', join(dir, 'state'), 'delete', '--force', name]),
    `umount bundles/${name}/rootfs`,
    `rm disks/${name}.img logs/${name} exits/${name}`,
  ];
}

/** A script that runs a lane for each processor between its first and last lines. */
function writeLanes(
  script: string,
  before: string[],
  after: string[],
  dir: string,
  all: string[],
  linesFor: (name: string) => string[],
): void {
  const count = availableParallelism();
  const lanes = Array.from({ length: count }, (_, lane) => {
    writeFileSync(
      `${script}.${lane}`,
      lines(all.filter((_name, index) => index % count === lane).flatMap(linesFor)),
    );
    return `sh -e ${shell([`${script}.${lane}`])} &`;
  });
  writeFileSync(script, lines([`cd ${shell([dir])}`, ...before, ...lanes, 'wait', ...after]));
}

const lines = (all: string[]) => `${all.join('\n')}\n`;

/** Words for a shell. */
const shell = (words: string[] | Command) =>
  words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');

function isRunning(pidFile: string): boolean {
  if (!existsSync(pidFile)) return false;
  try {
    return process.kill(Number(readFileSync(pidFile, 'utf8')), 0);
  } catch {
    return false;
  }
}
