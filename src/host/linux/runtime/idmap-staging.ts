import { existsSync } from 'node:fs';
import { chown, mkdir, readdir, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IdRange } from '../../../model/container-values.js';
import { messageOf, UserError } from '../../../model/errors.js';
import { type InstallPaths, netnsPath } from '../../../model/install-paths.js';
import type { ContainerSpec, MountSpec } from '../../../model/specs.js';
import { readMounts } from '../disks/mount-table.js';
import { run } from '../process/run.js';
import MAP_OWNERS from './map-owners.pl?raw';
import type { MountedFile } from './mounts.js';

/**
 * Where a runtime finds the parts of a container with its own user namespace while it creates the
 * container: disk and mounts with the namespace's id mapping. The container keeps its mounts, so
 * the stage is removed right after the start.
 */
export interface IdmapStage {
  dir: string;
  /** The user namespace that owns the network namespace. */
  user: string;
  rootfs: string;
  mount: (index: number) => string;
  /** Host files to bind-mount, by index. */
  file: (index: number) => string;
}

/** Not in our own folder, which only root can enter. */
export function idmapStageOf(paths: InstallPaths, id: string): IdmapStage {
  const dir = `/run/baleine-${paths.tag}-${id}`;
  return {
    dir,
    user: join(dir, 'user'),
    rootfs: join(dir, 'rootfs'),
    mount: (index) => join(dir, `mount-${index}`),
    file: (index) => join(dir, `file-${index}`),
  };
}

/**
 * Host files that we mount keep their owners: /etc/hosts and so on belong to nobody inside,
 * its secrets and configs to an id of its own range.
 */
export interface StagedMounts {
  rootfs: string;
  mounts: MountSpec[];
  files: MountedFile[];
}

/**
 * Sets up the stage during `work`; containers with the host's ids need none, and a way out only the
 * user namespace. Afterwards an empty folder stays at the disk's place, where `runc exec` starts.
 */
export async function withIdmapStage<T>(
  paths: InstallPaths,
  { id, userns, egress }: Pick<ContainerSpec, 'id' | 'userns' | 'egress'>,
  staged: StagedMounts,
  act: () => Promise<T>,
): Promise<T> {
  if (!userns && !egress) return act();
  await removeIdmapStage(paths, id);
  try {
    await setUp(paths, id, userns, staged);
    return await act();
  } finally {
    const { dir, rootfs } = idmapStageOf(paths, id);
    await unmountAll(dir, [rootfs]);
  }
}

async function setUp(
  paths: InstallPaths,
  id: string,
  range: IdRange | undefined,
  staged: StagedMounts,
): Promise<void> {
  const stage = idmapStageOf(paths, id);
  await mkdir(stage.dir, { mode: 0o710 });
  // the runtime continues as root inside the namespace, which is in this group and in no other of
  // the host
  if (range) await chown(stage.dir, 0, range.first);
  await writeFile(stage.user, '');
  const places = range ? placesOf(stage, staged) : [];
  for (const { from, to } of places) await makeTarget(from, to);
  const words = places.flatMap(({ from, to, how }) => [from, to, how]);
  const args = ['-e', MAP_OWNERS, '--', netnsPath(paths, id), stage.user, ...words];
  const { code, stderr } = await run('perl', args, { purpose: `start ${id}`, reject: false });
  if (code !== 0) throw refused(id, stderr);
}

interface Place {
  from: string;
  to: string;
  /** Options for `map-owners.pl`. */
  how: string;
}

function placesOf(stage: IdmapStage, { rootfs, mounts, files }: StagedMounts): Place[] {
  return [
    { from: rootfs, to: stage.rootfs, how: 'map' },
    ...mounts.map(({ source, read_only }, index) => ({
      from: source,
      to: stage.mount(index),
      how: read_only ? 'map,ro,all' : 'map,all',
    })),
    ...files.map(({ source, executable }, index) => ({
      from: source,
      to: stage.file(index),
      // the runtime, in the namespace, cannot change it
      how: executable ? 'ro,exec' : 'ro',
    })),
  ];
}

/** Folders are mounted on folders, and files on files. */
async function makeTarget(from: string, to: string): Promise<void> {
  const isFolder = (await stat(from)).isDirectory();
  await (isFolder ? mkdir(to) : writeFile(to, ''));
}

function refused(id: string, stderr: string): Error {
  const path = /^no-idmap (.+)$/m.exec(stderr)?.[1];
  if (path === undefined) return new Error(`cannot start ${id}: ${stderr}`);
  return new UserError(
    `cannot start ${id}: the file system of ${path} has no idmapped mounts`,
    'Leave out userns: auto, or mount something from another file system',
  );
}

/** Removes an existing stage, including the leftovers of a crash. */
export async function removeIdmapStage(paths: InstallPaths, id: string): Promise<void> {
  const { dir } = idmapStageOf(paths, id);
  if (!existsSync(dir)) return;
  await unmountAll(dir);
  await rmdir(dir);
}

async function unmountAll(dir: string, kept: string[] = []): Promise<void> {
  try {
    const mounted = readMounts().filter(({ path }) => path.startsWith(`${dir}/`));
    const all = mounted.map(({ path }) => path);
    // a lazy unmount includes submounts
    const mountPoints = all.filter((path) => !all.some((other) => path.startsWith(`${other}/`)));
    if (mountPoints.length > 0) await run('umount', ['--lazy', '--', ...mountPoints]);
    for (const entry of await readdir(dir, { withFileTypes: true })) {
      const path = join(dir, entry.name);
      if (kept.includes(path)) continue;
      await (entry.isDirectory() ? rmdir(path) : unlink(path));
    }
  } catch (error) {
    throw new Error(`cannot clear ${dir}: ${messageOf(error)}`, { cause: error });
  }
}
