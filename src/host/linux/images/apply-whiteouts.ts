import { lstatSync, readdirSync, rmdirSync, type Stats, unlinkSync } from 'node:fs';
import type { Member } from './tar-listing.js';

/**
 * Prepares a tree for the next layer: takes away what its whiteouts delete, and what is in the way
 * of its files because it is of another type. A link on the way to a file is in the way, too: what
 * is below a folder in a layer never lands elsewhere. See the OCI image specification, layer.md.
 *
 * Goes component by component and follows no link; nobody else may write in the tree meanwhile.
 *
 * @throws Error for a name that leads out of the tree
 */
export async function makeWay(
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
    else if (!last.startsWith(OWN)) under.remove([...parents, last.slice(WHITEOUT.length)]);
  }
}

const WHITEOUT = '.wh.';
/** What AUFS has for itself, and nobody else looks at; but for one. */
const OWN = '.wh..wh.';
const OPAQUE = '.wh..wh..opq';

/** The file system's own; e2fsck(8) takes a tree without it for damaged. */
const KEPT = 'lost+found';

/** For GNU tar: whiteouts are no files. */
export const NO_WHITEOUTS = ['--wildcards', '--no-anchored', `--exclude=${WHITEOUT}*`];

const componentsOf = (name: string) =>
  name.split('/').filter((each) => each !== '' && each !== '.');

/** A whiteout of nothing would be one of its folder. */
const leadsOut = (components: readonly string[]) =>
  components.some((each) => each === '..' || /^\.wh\.\.{0,2}$/.test(each));

/** Paths are lists of names that hold neither `/` nor `..`. */
class Tree {
  readonly #root: Buffer;
  /** The folder that was looked at last: archives go folder by folder. */
  #known = '';

  constructor(root: string) {
    this.#root = Buffer.from(`${root}/`);
  }

  /** Whatever is there instead of the folders on the way, and at the end what the new one cannot replace. */
  clearFor(path: readonly string[], folder: boolean): void {
    if (!this.#clearParents(path.slice(0, -1))) return;
    const there = this.#look(path);
    if (there && there.isDirectory() !== folder) this.#erase(path);
  }

  /** Nothing is there when the way is not one of folders. */
  remove(path: readonly string[]): void {
    if (!this.#isFolder(path.slice(0, -1))) return;
    if (this.#look(path)) this.#erase(path);
  }

  empty(path: readonly string[]): void {
    if (!this.#isFolder(path) || !this.#look(path)?.isDirectory()) return;
    for (const name of this.#names(path)) this.#erase([...path, name]);
  }

  /** Answers whether the folder is there. */
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
    if (path.join('/') === KEPT) return;
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
