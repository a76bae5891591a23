import { execFileSync, spawn } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { linuxRootfs } from '../../src/host/linux/rootfs/index.js';
import { installPaths } from '../../src/model/install-paths.js';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Where `./setup --vm` unpacks Debian's kernel for virtual machines. */
const KERNEL = here('../../node_modules/.cache/vm-kernel');

/** Kernel modules in dependency order; everything else is built in. */
const FIRST = [
  ...['virtio_ring', 'virtio', 'virtio_pci_modern_dev', 'virtio_pci_legacy_dev'],
  ...['virtio_pci', 'virtio_blk'],
];
const SECOND = [
  ...['loop', 'llc', 'stp', 'bridge', 'veth'],
  // CRIU looks at sockets, and holds packets back by iptables
  ...['unix_diag', 'inet_diag', 'tcp_diag', 'udp_diag', 'raw_diag', 'netlink_diag'],
  ...['af_packet_diag', 'nfnetlink', 'libcrc32c', 'nf_tables', 'x_tables', 'nft_compat', 'xt_mark'],
  ...['nf_defrag_ipv4', 'nf_defrag_ipv6', 'nf_conntrack', 'nf_conntrack_netlink'],
];

/** All programs that baleine and the checks run. */
const PROGRAMS = [
  ...[
    'bridge',
    'busybox',
    'cat',
    'chmod',
    'conmon',
    'cp',
    'criu',
    'crun',
    'curl',
    'e2fsck',
    'find',
    'flock',
    'fstrim',
    'gzip',
  ],
  ...[
    'haproxy',
    'ip',
    'ip6tables-restore',
    'iptables-restore',
    'losetup',
    'mkfs.ext4',
    'mount',
    'mv',
    'node',
    'nsenter',
    'perl',
    'resize2fs',
  ],
  ...['rm', 'runc', 'setpriv', 'sh', 'sync', 'tar', 'true', 'umount', 'unshare', 'xargs', 'zstd'],
];
const FILES = [
  '/usr/share/containers/seccomp.json',
  '/usr/lib/x86_64-linux-gnu/perl-base',
  '/usr/lib/x86_64-linux-gnu/xtables',
];

export interface Machine {
  kernel: string;
  initramfs: string;
  disk: string;
}

/** The result of a check, one line on the second serial port. */
export interface Report {
  name: string;
  /** Duration by the machine's clock. */
  seconds: number;
  /** Why it failed. */
  error?: string;
}

/** Builds a machine whose disk has the host's programs, the built baleine and the checks. */
export async function buildMachine(dir: string): Promise<Machine> {
  const modules = join(KERNEL, 'lib/modules', readdirSync(join(KERNEL, 'lib/modules'))[0] ?? '');
  const [name = ''] = readdirSync(join(KERNEL, 'boot')).filter((each) =>
    each.startsWith('vmlinuz'),
  );
  const machine = {
    kernel: join(KERNEL, 'boot', name),
    initramfs: join(dir, 'initramfs'),
    disk: join(dir, 'disk'),
  };
  packInitramfs(join(dir, 'first'), modules, machine.initramfs);
  const tree = join(dir, 'tree');
  mkdirSync(tree);
  await linuxRootfs(installPaths('/var/lib/baleine')).host(
    { binaries: PROGRAMS.map(pathOf), files: FILES },
    tree,
  );
  addModules(tree, modules, 'second', SECOND);
  copyFileSync(here('init.sh'), join(tree, 'usr/sbin/init'));
  cpSync(here('../../dist'), join(tree, 'opt/baleine'), { recursive: true });
  bundle('guest.ts', join(tree, 'guest.mjs'));
  writeFileSync(machine.disk, '');
  truncateSync(machine.disk, 2 * 2 ** 30);
  execFileSync('mkfs.ext4', ['-q', '-E', 'root_owner=0:0', '-d', tree, machine.disk]);
  rmSync(tree, { recursive: true });
  return machine;
}

function packInitramfs(tree: string, modules: string, file: string): void {
  mkdirSync(join(tree, 'bin'), { recursive: true });
  copyFileSync(pathOf('busybox'), join(tree, 'bin/busybox'));
  copyFileSync(here('initramfs.sh'), join(tree, 'init'));
  addModules(tree, modules, 'first', FIRST);
  const input = readdirSync(tree, { recursive: true }).join('\n');
  execFileSync('cpio', ['-o', '-H', 'newc', '--quiet', '-F', file], { cwd: tree, input });
}

function addModules(tree: string, modules: string, list: string, names: string[]): void {
  mkdirSync(join(tree, 'modules'));
  const all = readdirSync(modules, { recursive: true, encoding: 'utf8' });
  for (const name of names) {
    const found = all.find((path) => path.endsWith(`/${name}.ko`));
    if (!found) throw new Error(`no module ${name} in ${modules}`);
    copyFileSync(join(modules, found), join(tree, 'modules', `${name}.ko`));
  }
  writeFileSync(join(tree, 'modules', list), names.map((each) => `${each}\n`).join(''));
}

function pathOf(program: string): string {
  const folders = ['/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  const found = folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
  if (!found) throw new Error(`no ${program} here: ./setup --test`);
  return found;
}

function bundle(entry: string, to: string): void {
  const which = `--define:process.env.VM_CHECKS=${JSON.stringify(process.env.VM_CHECKS ?? '')}`;
  const how = ['--bundle', '--platform=node', '--format=esm', '--log-level=warning', which];
  execFileSync('npx', ['--no-install', 'esbuild', here(entry), ...how, `--outfile=${to}`]);
}

/**
 * Runs a machine until it powers off. Emulated, since the test host may be a virtual machine itself.
 *
 * @param limit milliseconds
 */
export async function boot(machine: Machine, limit: number): Promise<Map<string, Report>> {
  const console = `${machine.disk}.console`;
  const qemu = spawn(
    'qemu-system-x86_64',
    [
      ...['-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', '1536', '-nodefaults'],
      ...['-display', 'none', '-no-reboot', '-kernel', machine.kernel],
      ...['-initrd', machine.initramfs, '-append', 'console=ttyS0 quiet panic=-1'],
      ...['-drive', `file=${machine.disk},format=raw,if=virtio,cache=unsafe`],
      ...['-serial', `file:${console}`, '-serial', 'stdio'],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const timer = setTimeout(() => qemu.kill('SIGKILL'), limit);
  const reports = new Map<string, Report>();
  for await (const line of createInterface({ input: qemu.stdout })) {
    const report: Report = JSON.parse(line);
    reports.set(report.name, report);
    const { name, seconds, error } = report;
    const result = error === undefined ? 'passed' : `failed: ${error}`;
    process.stdout.write(`${name} (${seconds} s): ${result}\n`);
  }
  clearTimeout(timer);
  if (reports.size === 0) throw new Error(`it said nothing:\n${readFileSync(console, 'utf8')}`);
  return reports;
}
