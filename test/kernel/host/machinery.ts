import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { linuxDisks } from '../../../src/host/linux/disks/index.js';
import {
  bundleDir,
  diskFile,
  type InstallPaths,
  idOf,
  installPaths,
  netnsName,
  rootfsDir,
} from '../../../src/model/install-paths.js';
import type { ContainerSpec } from '../../../src/model/specs.js';

/** The paths of an installation in a temporary folder. */
export function temporaryInstallation(): { paths: InstallPaths; remove: () => void } {
  const root = mkdtempSync(join(tmpdir(), 'site-'));
  const paths = installPaths(root);
  return {
    paths,
    remove: () => {
      for (const path of [root, paths.run]) rmSync(path, { recursive: true, force: true });
    },
  };
}

/** Fills a tree with busybox, under some names, and a few users. */
export function fillBusybox(tree: string): void {
  for (const name of ['bin', 'dev', 'etc', 'proc', 'srv', 'sys', 'tmp']) {
    mkdirSync(join(tree, name));
  }
  chmodSync(join(tree, 'tmp'), 0o1777);
  copyFileSync('/bin/busybox', join(tree, 'bin/busybox'));
  for (const name of [
    'sh',
    'cat',
    'id',
    'sleep',
    'unshare',
    'echo',
    'ls',
    'stat',
    'touch',
    'mount',
    'grep',
    'dmesg',
    'true',
    'seq',
    'kill',
  ]) {
    symlinkSync('busybox', join(tree, 'bin', name));
  }
  writeFileSync(
    join(tree, 'etc/passwd'),
    'root:x:0:0::/root:/bin/sh\nweb:x:1000:1001::/srv:/bin/sh\n',
  );
  writeFileSync(join(tree, 'etc/group'), 'root:x:0:\nweb:x:1001:\nlogs:x:1002:web\n');
}

export async function busyboxImage(file: string): Promise<void> {
  await linuxDisks().create(file, 32 * 2 ** 20, async (tree) => fillBusybox(tree));
}

/** The planner's spec for a container that runs a shell script. */
export function specOf(
  paths: InstallPaths,
  name: string,
  script: string,
  more: Partial<ContainerSpec> = {},
): ContainerSpec {
  const hosts_file = join(paths.root, 'hosts', 'test');
  mkdirSync(dirname(hosts_file), { recursive: true });
  writeFileSync(hosts_file, '127.0.0.1 localhost\n10.9.8.7 peer\n');
  return {
    id: idOf('test', name),
    image: { name: 'busybox', file: join(paths.root, 'busybox.img'), version: '1' },
    args: ['/bin/sh', '-c', script],
    user: '0:0',
    working_dir: '/',
    hostname: name,
    environment: {},
    links: [],
    mounts: [],
    hosts_file,
    limits: { pids: 100 },
    restart: { name: 'always' },
    stop_signal: 'SIGTERM',
    stop_grace_period: 5000,
    security: 'default',
    cap_add: [],
    cap_drop: [],
    read_only: false,
    tmpfs: [],
    sysctls: {},
    ulimits: {},
    dns: ['10.1.1.1'],
    labels: {},
    logs: { max_size: 10 * 2 ** 20 },
    ...more,
  };
}

/** Creates disk, mount and network namespace, as the steps before a start do. */
export async function prepare(paths: InstallPaths, spec: ContainerSpec): Promise<void> {
  const disks = linuxDisks();
  const disk = diskFile(paths, spec.id);
  await disks.copy(spec.image.file, disk);
  await disks.ensureMounted(disk, rootfsDir(paths, spec.id));
  execFileSync('ip', ['netns', 'add', netnsName(paths, spec.id)]);
}

export async function dismantle(paths: InstallPaths, spec: ContainerSpec): Promise<void> {
  execFileSync('ip', ['netns', 'delete', netnsName(paths, spec.id)]);
  await linuxDisks().ensureUnmounted(rootfsDir(paths, spec.id));
  for (const path of [diskFile(paths, spec.id), bundleDir(paths, spec.id)]) {
    rmSync(path, { recursive: true });
  }
}
