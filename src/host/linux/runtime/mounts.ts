import { statSync } from 'node:fs';
import { release } from 'node:os';
import { posix } from 'node:path';
import type { DeviceSpec } from '../../../model/device-nodes.js';
import type { OciMount } from '../../../model/oci.js';
import type { ContainerSpec } from '../../../model/specs.js';
import { ifThere } from '../files/read.js';

type MountOptions = Pick<ContainerSpec, 'mounts' | 'tmpfs' | 'read_only' | 'shm_size'>;

export interface MountedFile {
  source: string;
  /** What nobody executes is mounted noexec. */
  executable: boolean;
}

/**
 * All mounts of a container, parents before children. The user's own mounts replace ours at the
 * same path.
 *
 * @param files host files to bind-mount read-only, by path inside: /etc/hosts, secrets and so on
 * @param recursive whether bind mounts include their submounts
 * @param shm the /dev/shm of another container, `none`, or absent for its own
 */
export function mountsOf(
  { mounts, tmpfs, read_only, shm_size }: MountOptions,
  files: Record<string, MountedFile>,
  recursive = false,
  shm?: string,
): OciMount[] {
  const binds = mounts.map(({ source, target, read_only }) =>
    bind(source, target, read_only, recursive && !isFile(source)),
  );
  const memory = [...tmpfs, ...(read_only ? ['/run', '/tmp'] : [])].map(temporary);
  const own = Object.entries(files).map(([target, file]) => bindFile(file, target));
  const chosen = new Map<string, OciMount>();
  for (const mount of [...own, ...memory.reverse(), ...binds]) {
    chosen.set(mount.destination, mount);
  }
  const kernel = kernelMounts(shm_size, shm);
  return [...kernel, ...[...chosen.values()].sort((a, b) => depth(a) - depth(b))];
}

const depth = ({ destination }: OciMount) => destination.split('/').filter(Boolean).length;

const SHM = '/dev/shm';

/** `/dev` is never the image's own: its device nodes would be the host's devices. */
const ownMounts = (shm: number | string): OciMount[] => [
  mount('/proc', 'proc', 'nosuid,noexec,nodev'),
  mount('/dev', 'tmpfs', 'nosuid,strictatime,mode=755,size=64m'),
  mount('/dev/pts', 'devpts', 'nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5'),
  mount(SHM, 'tmpfs', `nosuid,noexec,nodev,mode=1777,size=${shm}`, 'shm'),
  mount('/dev/mqueue', 'mqueue', 'nosuid,noexec,nodev'),
  mount('/sys', 'sysfs', 'nosuid,noexec,nodev,ro'),
  mount('/sys/fs/cgroup', 'cgroup', 'nosuid,noexec,nodev,relatime,ro'),
];

function kernelMounts(size: number | string = '64m', shm?: string): OciMount[] {
  const own = ownMounts(size);
  if (shm === undefined) return own;
  if (shm === 'none') return own.filter(({ destination }) => destination !== SHM);
  const shared = mount(SHM, 'bind', 'bind,rprivate,nosuid,noexec,nodev,rw', shm);
  return own.map((each) => (each.destination === SHM ? shared : each));
}

function mount(destination: string, type: string, options: string, source = type): OciMount {
  return { destination, type, source, options: options.split(',') };
}

/**
 * Includes submounts, with every option applied to all of them (mount_setattr(2)). If the kernel or
 * the runtime cannot do that, only the top is mounted: `ro` would leave submounts writable.
 */
function bind(source: string, target: string, readOnly: boolean, recursive: boolean): OciMount {
  const how = readOnly ? 'ro' : 'rw';
  const options = recursive
    ? [
        'rbind',
        'rprivate',
        'nosuid',
        'nodev',
        how,
        'rnosuid',
        'rnodev',
        ...(readOnly ? ['rro'] : []),
      ]
    : ['bind', 'rprivate', 'nosuid', 'nodev', how];
  return { destination: posix.resolve('/', target), type: 'bind', source, options };
}

/** Unlike any other mount, it is without nodev. */
export function bindDevice({ source, target }: DeviceSpec): OciMount {
  const options = ['bind', 'rprivate', 'nosuid', 'noexec'];
  return { destination: target, type: 'bind', source, options };
}

/** Nothing is mounted below a file, and crun 1.8 opens what it mounts recursively as a folder. */
const isFile = (path: string) => ifThere(() => statSync(path))?.isFile() ?? false;

function bindFile({ source, executable }: MountedFile, target: string): OciMount {
  const { options, ...mount } = bind(source, target, true, false);
  return { ...mount, options: executable ? options : [...options, 'noexec'] };
}

/** `/run`, or with Compose's mount options, `/run:size=64m,mode=1777`. */
function temporary(text: string): OciMount {
  const [target = text, options] = text.split(':');
  return mount(
    posix.resolve('/', target),
    'tmpfs',
    `nosuid,nodev${options ? `,${options}` : ',mode=1777'}`,
  );
}

/** The first versions with recursive mount options (`rro` and so on). */
const RUNTIME_SINCE: Record<string, readonly [major: number, minor: number]> = {
  crun: [1, 4],
  runc: [1, 1],
};

/** mount_setattr(2) with AT_RECURSIVE. */
const KERNEL_SINCE = [5, 12] as const;

/** Whether a runtime on this kernel can apply options to a mount with all its submounts. */
export function bindsRecursively(
  { name, version }: { name: string; version: string },
  kernel = release(),
): boolean {
  const since = RUNTIME_SINCE[name];
  return since !== undefined && isSince(version, since) && isSince(kernel, KERNEL_SINCE);
}

/**
 * Whether a runtime drops `nosuid` and `nodev` of the disk's mount, which crun 1.8 does. A program with
 * file capabilities that the container does not have, as Debian's ping, would then not start at all:
 * execve(2), EPERM. With `nosuid`, they are ignored.
 */
export const dropsFlags = ({ name, version }: { name: string; version: string }): boolean =>
  name === 'crun' && /^1\.8(\.|$)/.test(version);

/** Sets them again. crun takes `/` itself for no place to mount. */
export const restoreFlags = (rootfs: string): OciMount =>
  mount('/.', 'bind', 'bind,remount,nosuid,nodev', rootfs);

function isSince(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ours = 0, our = 0] = version.split(/[.+~-]/).map(Number);
  return ours > major || (ours === major && our >= minor);
}
