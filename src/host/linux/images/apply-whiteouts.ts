import { lstatSync, readdirSync, rmdirSync, type Stats, unlinkSync } from 'node:fs';
import type { Member } from './tar-listing.js';

/**
 * Prepares a tree for the next layer: removes what the layer's whiteouts delete, and existing
 * entries of a different type that would block its files. A link in a file's parent path is removed
 * as well: content of a folder in a layer never ends up elsewhere. See the OCI image specification,
 * layer.md.
 *
 * Resolves one component at a time and follows no links. Nobody else may write to the tree during
 * the call.
 *
 * @throws Error for a name that leads out of the tree
 */
export async function applyWhiteouts(
  tree: string,
  layer: AsyncIterable<Member>,
  purpose: string,
): Promise<void> {
  const under = new Tree(tree);
  for await (const { name, type } of layer) {
    const components = componentsOf(name);
    const last = components.at(-1);
    if (leadsOut(components)) {
      throw new Error(`cannot ${purpose}: ${JSON.stringify(name)} leads out of the tree`);
    }
    if (last === undefined) continue;
    const parents = components.slice(0, -1);
    if (!last.startsWith(WHITEOUT)) under.clearFor(components, type === 'd');
    else if (last === OPAQUE) under.empty(parents);
    else if (!last.startsWith(AUFS_METADATA))
      under.remove([...parents, last.slice(WHITEOUT.length)]);
  }
}

const WHITEOUT = '.wh.';
/** AUFS metadata, ignored by all other readers, with one exception. */
const AUFS_METADATA = '.wh..wh.';
const OPAQUE = '.wh..wh..opq';

/** Belongs to the file system; e2fsck(8) considers a tree without it damaged. */
const LOST_FOUND = 'lost+found';

/** Makes GNU tar skip whiteouts, which are not files. */
export const NO_WHITEOUTS = ['--wildcards', '--no-anchored', `--exclude=${WHITEOUT}*`];

const componentsOf = (name: string) =>
  name.split('/').filter((each) => each !== '' && each !== '.');

/** A whiteout without a name would delete its own folder. */
const leadsOut = (components: readonly string[]) =>
  components.some((each) => each === '..' || /^\.wh\.\.{0,2}$/.test(each));

/** Paths are lists of names without `/` or `..`. */
class Tree {
  readonly #root: Buffer;
  /** The last folder that was checked: archives list entries folder by folder. */
  #known = '';

  constructor(root: string) {
    this.#root = Buffer.from(`${root}/`);
  }

  /**
   * Removes whatever is in the place of a parent folder, and finally the entry if it cannot be
   * replaced.
   */
  clearFor(path: readonly string[], folder: boolean): void {
    if (!this.#clearParents(path.slice(0, -1))) return;
    const there = this.#look(path);
    if (there && there.isDirectory() !== folder) this.#erase(path);
  }

  /** Does nothing if a parent is not a folder. */
  remove(path: readonly string[]): void {
    if (!this.#isFolder(path.slice(0, -1))) return;
    if (this.#look(path)) this.#erase(path);
  }

  empty(path: readonly string[]): void {
    if (!this.#isFolder(path) || !this.#look(path)?.isDirectory()) return;
    for (const name of this.#names(path)) this.#erase([...path, name]);
  }

  /** Returns whether the folder exists. */
  #clearParents(path: readonly string[]): boolean {
    if (this.#isKnown(path)) return true;
    for (let length = 1; length <= path.length; length++) {
      const at = path.slice(0, length);
      const there = this.#look(at);
      if (there && !there.isDirectory()) this.#erase(at);
      if (!there?.isDirectory()) return false;
    }
    this.#known = path.join('/');
    return true;
  }

  #isFolder(path: readonly string[]): boolean {
    if (this.#isKnown(path)) return true;
    return path.every((_name, index) => this.#look(path.slice(0, index + 1))?.isDirectory());
  }

  #isKnown(path: readonly string[]): boolean {
    return path.length === 0 || path.join('/') === this.#known;
  }

  #erase(path: readonly string[]): void {
    this.#known = '';
    if (!this.#look(path)?.isDirectory()) {
      unlinkSync(this.#at(path));
      return;
    }
    if (path.join('/') === LOST_FOUND) return;
    for (const name of this.#names(path)) this.#erase([...path, name]);
    rmdirSync(this.#at(path));
  }

  #look(path: readonly string[]): Stats | undefined {
    return lstatSync(this.#at(path), { throwIfNoEntry: false });
  }

  #names(path: readonly string[]): string[] {
    return readdirSync(this.#at(path), { encoding: 'latin1' });
  }

  #at(path: readonly string[]): Buffer {
    return Buffer.concat([this.#root, Buffer.from(path.join('/'), 'latin1')]);
  }
}
