import { UserError } from '../../model/errors.js';
import { imageVersion } from '../../model/image-version.js';
import { diskFile, imageFile, previousFile, rootfsDir } from '../../model/install-paths.js';
import type { Context } from '../context.js';
import { rowsOf } from '../imperative/record.js';
import type { ContainerRow } from '../lookup.js';

/** A line of `container diff`. */
export interface DiskChange {
  /** Added, changed or deleted. */
  kind: 'A' | 'C' | 'D';
  path: string;
}

/**
 * What a container has changed on its disk since it was copied from its image. Both are only read.
 *
 * @param limit milliseconds
 * @throws UserError if the disk or this version of the image is gone, or after the limit
 */
export async function diffContainer(
  context: Context,
  row: ContainerRow,
  limit: number,
  report: (change: DiskChange) => void,
): Promise<void> {
  const { paths } = context;
  const { name, spec } = row;
  const purpose = `compare container ${name} with its image`;
  const probe = await context.probe();
  const image = originOf(context, row);
  if (image === undefined) {
    throw new UserError(
      `cannot ${purpose}: image ${spec.image.name} is not what it was made from any more`,
      'The next apply, or a new container, is made from the image of today.',
    );
  }
  for (const [file, what] of [
    [image, 'the image'],
    [diskFile(paths, spec.id), 'its disk'],
  ] as const) {
    if (!probe.file(file)) throw new UserError(`cannot ${purpose}: ${what} is gone`);
  }
  const [{ withMountedImage }, { compareTrees }, { shown }] = await Promise.all([
    import('../../host/linux/runtime/mounted-image.js'),
    import('../../host/linux/rootfs/compare-trees.js'),
    import('../../host/linux/files/open-folder.js'),
  ]);
  const options = { ignore: ownPaths(row), owners: spec.userns === undefined, limit };
  const compare = (before: string) => async (after: string) => {
    try {
      for await (const { kind, path } of compareTrees(before, after, options)) {
        report({ kind, path: shown(path) });
      }
    } catch (error) {
      throw new UserError(
        `cannot ${purpose}: ${(error as Error).message}`,
        '--timeout gives it more time.',
        { cause: error },
      );
    }
  };
  const tree = rootfsDir(paths, spec.id);
  await withMountedImage(paths, image, (before) =>
    probe.mounted(tree)
      ? compare(before)(tree)
      : withMountedImage(paths, diskFile(paths, spec.id), compare(before)),
  );
}

/** The image file that the disk was copied from, if it is that version still. */
function originOf(context: Context, { spec: { image } }: ContainerRow): string | undefined {
  const { paths } = context;
  const row = rowsOf(context.state().rows, 'image').find(({ spec: { id } }) =>
    [imageFile(paths, id), previousFile(paths, id)].includes(image.file),
  );
  if (!row) return undefined;
  if (imageVersion(row.spec) === image.version) return imageFile(paths, row.spec.id);
  const isKept = [row.spec.previous, row.facts.kept].includes(image.version);
  return isKept ? previousFile(paths, row.spec.id) : undefined;
}

/** What baleine and the runtime put on a disk: mount points. */
function ownPaths({ spec }: ContainerRow): string[] {
  const tmpfs = spec.tmpfs.map((each) => each.split(':')[0] ?? each);
  const files = [...(spec.secrets ?? []), ...(spec.configs ?? [])].map(({ target }) => target);
  return [
    ...['/dev', '/proc', '/sys', '/etc/hosts', '/etc/hostname', '/etc/resolv.conf', '/lost+found'],
    ...spec.mounts.map(({ target }) => target),
    ...tmpfs,
    ...files,
  ];
}
