import type { Trees } from '../../host/host.js';
import type { ImageFrom } from '../../model/config.js';

/** Every source but `image`, which is a copy of a file and not a tree to fill. */
export type TreeSource = Exclude<ImageFrom, { image: string }>;

/** Fills an empty tree. */
export function fillFrom(from: TreeSource, trees: Trees, tree: string): Promise<void> {
  if ('debian' in from) return trees.debian(from.debian, tree);
  if ('tar' in from) return trees.extract(from.tar, tree);
  if ('directory' in from) return trees.copy(from.directory, tree, '/');
  return trees.host(from.host, tree);
}
