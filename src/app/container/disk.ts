import { posix } from 'node:path';
import {
  asBytes,
  type BytePath,
  byteArgument,
  bytePath,
  shown,
} from '../../host/linux/files/open-folder.js';
import type { Synced } from '../../host/linux/rootfs/sync.js';
import { committedConfig } from '../../kinds/container/desired/image-config.js';
import { IMPERATIVE_STACK } from '../../model/address.js';
import { UserError } from '../../model/errors.js';
import { originalOf } from '../../model/image-version.js';
import {
  diskFile,
  idOf,
  imageFile,
  previousFile,
  rootfsDir,
  stagingNotesDir,
} from '../../model/install-paths.js';
import type { Resource, Row } from '../../model/resource.js';
import type { ImageSpec } from '../../model/specs.js';
import type { Context } from '../context.js';
import { jsonLine } from '../frontend.js';
import { executeBriefly, planChange, withStoreOrWait } from '../imperative/change.js';
import { namedAddress, refuseExisting, rowsOf } from '../imperative/record.js';
import { type ContainerRow, findContainers } from '../lookup.js';
import type { ChangeOptions } from '../options.js';

/**
 * Copies files into a container of the stack or out of it.
 *
 * @param from a path of the host, or `NAME:PATH`
 * @param to the other one
 */
export async function copyFiles(
  context: Context,
  stack: string,
  from: string,
  to: string,
  options: ChangeOptions,
): Promise<number> {
  const [source, target] = [insideOf(byteArgument(from)), insideOf(byteArgument(to))];
  const inside = source ?? target;
  if (!inside || (source && target)) {
    throw new UserError(
      `cannot copy ${from} to ${to}: one of the two must be NAME:PATH`,
      'A path of the host with a colon in it begins with / or ./',
    );
  }
  let copyOutside: (() => Promise<void>) | undefined;
  const code = await withStoreOrWait(context, options, async ({ rows }) => {
    const [row] = findContainers(rows, stack, [inside.name], 'copy to or from');
    if (!row) return 1;
    if (source) copyOutside = await copyFrom(context, row, source.path, byteArgument(to));
    else await copyTo(context, row, byteArgument(from), inside.path);
    return 0;
  });
  await copyOutside?.();
  if (options.json) {
    context.frontend.report(jsonLine({ action: 'cp', name: inside.name, stack, from, to }));
  }
  return code;
}

/** Brings changed files of the host into these containers, and takes away those that are gone. */
export async function syncFiles(
  context: Context,
  stack: string,
  names: readonly string[],
  what: Synced,
  options: ChangeOptions,
): Promise<void> {
  const { syncInto } = await import('../../host/linux/rootfs/sync.js');
  await withStoreOrWait(context, options, async ({ rows }) => {
    for (const row of findContainers(rows, stack, names, 'sync files to')) {
      for (const path of [...what.changed, ...what.removed]) {
        refuseMounted(row, bytePath(posix.join(what.target, path)));
      }
      await withFrozenDisk(context, row, 'watch', (tree) => syncInto(context.paths, tree, what));
    }
    return 0;
  });
}

async function copyTo(context: Context, row: ContainerRow, from: BytePath, to: BytePath) {
  const { copyInto } = await import('../../host/linux/rootfs/copy-in.js');
  await withFrozenDisk(context, row, 'cp', (tree) => {
    refuseMounted(row, to);
    return copyInto(from, bytePath(tree), to, {
      owner: '0:0',
      notes: stagingNotesDir(context.paths),
    });
  });
}

async function copyFrom(context: Context, row: ContainerRow, from: BytePath, to: BytePath) {
  const { copyOut } = await import('../../host/linux/rootfs/copy-out.js');
  return withFrozenDisk(context, row, 'cp', (tree) => {
    refuseMounted(row, from);
    return copyOut(context.paths, bytePath(tree), from, to);
  });
}

/** `web:/srv`; undefined for a path of the host. */
export function insideOf(argument: BytePath): { name: string; path: BytePath } | undefined {
  const [, name, path] = /^([^/.][^/:]*):(.*)$/s.exec(argument) ?? [];
  return name === undefined || path === undefined
    ? undefined
    : { name: shown(asBytes(name)), path: asBytes(posix.join('/', path)) };
}

/** A path below a mount is not on the disk. */
function refuseMounted({ name, spec }: ContainerRow, bytes: BytePath): void {
  const path = shown(bytes);
  const mounts = [...spec.mounts.map((each) => [each.target, each.source] as const)];
  const others = ['/proc', '/sys', '/dev', ...spec.tmpfs].map((each) => [each, undefined] as const);
  for (const [target, source] of [...mounts, ...others]) {
    if (!`${path}/`.startsWith(`${posix.join('/', target)}/`)) continue;
    throw new UserError(
      `cannot copy ${name}:${path}: ${target} is not on its disk`,
      source && `It is ${source} on the host.`,
    );
  }
}

/** Makes an image of a container's disk. */
export function commitContainer(
  context: Context,
  stack: string,
  name: string,
  image: string,
  options: ChangeOptions,
): Promise<number> {
  const purpose = `commit container ${name} to image ${image}`;
  const address = namedAddress('image', image, purpose);
  return withStoreOrWait(context, options, async (store) => {
    refuseExisting(store.rows, 'image', image, purpose);
    const [row] = findContainers(store.rows, stack, [name], 'commit');
    if (!row) return 1;
    const size = (await context.probe()).file(diskFile(context.paths, row.spec.id))?.size;
    if (size === undefined) throw new UserError(`cannot ${purpose}: its disk is gone`);
    const made: Resource = {
      address,
      kind: 'image',
      name: image,
      spec: imageOf(row, image, size, store.rows, context),
      needs: [],
      protect: false,
    };
    const change = { purpose, made: [made], targets: [address] };
    const plan = await planChange(context, store.rows, change);
    return withFrozen(context, row, 'container commit', async () => {
      await syncDisk(context, row);
      return executeBriefly(context, store, { ...options, undo: true }, plan);
    });
  });
}

/** The file of a mounted disk lags behind its file system. */
async function syncDisk(context: Context, { spec }: ContainerRow): Promise<void> {
  const tree = rootfsDir(context.paths, spec.id);
  if (!(await context.probe()).mounted(tree)) return;
  await (await context.host()).disks.flush(tree);
}

/** The image runs what the container runs, as with Docker. */
function imageOf(
  { name, spec }: ContainerRow,
  image: string,
  size: number,
  rows: readonly Row[],
  { paths }: Context,
): ImageSpec {
  const made = rowsOf(rows, 'image').find(({ spec: { id } }) =>
    [imageFile(paths, id), previousFile(paths, id)].includes(spec.image.file),
  );
  const original = made && originalOf(made.spec);
  return {
    id: idOf(IMPERATIVE_STACK, image),
    size,
    from: { container: name },
    base: { file: diskFile(paths, spec.id), version: new Date().toISOString() },
    copy: [],
    run: [],
    config: committedConfig(spec, made?.spec.config),
    ...(original && { original }),
  };
}

/**
 * Works while a container is frozen; one that does not run needs no freezing. An interrupt ends the work
 * and thaws the container. The caller holds the lock.
 */
export async function withFrozen<T>(
  context: Context,
  { spec }: ContainerRow,
  purpose: string,
  work: () => Promise<T>,
): Promise<T> {
  const { runtime } = await context.host();
  return context.undoable(() => runtime.withFrozen(spec.id, { purpose }, work));
}

/** Works on the mounted disk of a container as `withFrozen` does. */
async function withFrozenDisk<T>(
  context: Context,
  { spec }: ContainerRow,
  purpose: string,
  work: (tree: string) => Promise<T>,
): Promise<T> {
  const { runtime } = await context.host();
  const tree = rootfsDir(context.paths, spec.id);
  const disk = !(await context.probe()).mounted(tree);
  return context.undoable(() => runtime.withFrozen(spec.id, { purpose, disk }, () => work(tree)));
}
