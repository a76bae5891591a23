import type { Host } from '../../host/host.js';
import type { ImageFrom } from '../../model/config.js';
import type { ImageOrigin } from '../../model/specs.js';

/** Every source but `image` and `container`, which are copies of a file and not a tree to fill. */
export type TreeSource = Exclude<ImageFrom, { image: string } | { container: string }>;

/** Fills an empty tree. */
export function fillFrom(
  from: TreeSource,
  { trees, images }: Pick<Host, 'trees' | 'images'>,
  tree: string,
  origin: ImageOrigin | undefined,
): Promise<void> {
  if ('debian' in from) return trees.debian(from.debian, tree);
  if ('tar' in from) return trees.extract(from.tar, tree);
  if ('directory' in from) return trees.copy(from.directory, tree, '/');
  if ('host' in from) return trees.host(from.host, tree);
  if (!origin) throw new Error('cannot unpack the image: nobody looked what it is');
  return images.unpack(from, origin, tree);
}
