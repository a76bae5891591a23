import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyWhiteouts } from '../../../../src/host/linux/images/apply-whiteouts.js';
import {
  LIST_OPTIONS,
  type Member,
  membersOf,
} from '../../../../src/host/linux/images/tar-listing.js';

let dir: string;
let tree: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'way-'));
  tree = join(dir, 'tree');
  mkdirSync(tree);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const file = (name: string) => ({ name, type: '-', size: 0 });
const folder = (name: string) => ({ name, type: 'd', size: 0 });
const link = (name: string) => ({ name, type: 'l', size: 0 });

async function* layer(...members: Member[]) {
  yield* members;
}

const way = (...members: Member[]) => applyWhiteouts(tree, layer(...members), 'unpack it');

/** Creates a lower layer: `dir/` with `a`, `b/c` and `lost+found`, a link to it, and one to a victim. */
function lower(): void {
  mkdirSync(join(tree, 'dir/b'), { recursive: true });
  mkdirSync(join(tree, 'lost+found'));
  for (const name of ['dir/a', 'dir/b/c', 'file']) writeFileSync(join(tree, name), name);
  mkdirSync(join(dir, 'victim'));
  writeFileSync(join(dir, 'victim/file'), 'mine');
  symlinkSync('dir', join(tree, 'link'));
  symlinkSync(join(dir, 'victim'), join(tree, 'out'));
}

const left = () =>
  spawnSync('find', [tree, '-mindepth', '1', '-printf', '%P\\n'], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((name) => name !== '' && name !== 'lost+found')
    .sort();

describe('whiteouts of a layer', () => {
  const ALL = ['dir', 'dir/a', 'dir/b', 'dir/b/c', 'file', 'link', 'out'];
  const without = (...names: string[]) => ALL.filter((each) => !names.includes(each));

  it.each<[string, Member[], string[]]>([
    ['nothing by files that are new or replace files', [file('new/x'), file('file')], ALL],
    ['nothing by folders that are there', [folder('dir/'), folder('./dir/b/')], ALL],
    ['what a whiteout names', [file('dir/.wh.a')], without('dir/a')],
    ['a folder with all in it', [file('dir/.wh.b')], without('dir/b', 'dir/b/c')],
    ['a link, and not where it leads', [file('.wh.link')], without('link')],
    ['all in a folder', [file('dir/.wh..wh..opq')], ['dir', 'file', 'link', 'out']],
    ['all in the root, but the file system’s own', [file('.wh..wh..opq')], []],
    ['nothing that is not there', [file('.wh.gone'), file('gone/.wh.x'), file('file/.wh.x')], ALL],
    ['nothing by what AUFS keeps for itself', [folder('.wh..wh.plnk/'), file('.wh..wh.aufs')], ALL],
    ['a folder by a file', [file('dir')], ['file', 'link', 'out']],
    ['a folder by a link', [link('dir')], ['file', 'link', 'out']],
    ['a file by a folder', [folder('file')], without('file')],
    ['a link by a folder', [folder('link')], without('link')],
    ['a link on the way to a file', [file('link/x/y'), file('out/file')], without('link', 'out')],
    ['nothing through a link', [file('link/.wh.a'), file('out/.wh..wh..opq')], ALL],
    ['a file on the way to a file', [file('file/x')], without('file')],
    [
      'once what is named twice',
      [file('.wh.dir'), file('.wh.dir'), file('dir/a')],
      ['file', 'link', 'out'],
    ],
  ])('%s', async (_name, members, expected) => {
    lower();
    await way(...members);
    expect(left()).toEqual(expected);
    expect(readFileSync(join(dir, 'victim/file'), 'utf8')).toBe('mine');
    expect(existsSync(join(tree, 'lost+found'))).toBe(true);
  });

  it.each(['../x', 'dir/../../x', '/..', '.wh...', '.wh..', 'dir/.wh.'])('refuses %s', (name) =>
    expect(way(file(name))).rejects.toThrow(`cannot unpack it: "${name}" leads out of the tree`),
  );

  it('treats names as bytes', async () => {
    const name = Buffer.from([0xff, 0xfe, 0x41]);
    writeFileSync(Buffer.concat([Buffer.from(`${tree}/`), name]), '');
    await way(file(`.wh.${name.toString('latin1')}`));
    expect(left()).toEqual([]);
  });
});

describe('tar’s listing', () => {
  async function members(): Promise<Member[]> {
    const tar = (args: string[], input?: Buffer) =>
      spawnSync('tar', args, { input, env: { ...process.env, LC_ALL: 'C' } }).stdout;
    const archive = tar(['--create', '--sort=name', '--format=posix', `--directory=${tree}`, '.']);
    const found: Member[] = [];
    async function* listing() {
      const text = tar(LIST_OPTIONS, archive);
      // chunks end anywhere in a line
      for (let at = 0; at < text.length; at += 7) yield text.subarray(at, at + 7);
    }
    for await (const member of membersOf(listing())) found.push(member);
    return found;
  }

  it('is read with any names', async () => {
    const odd = 'a -> b\n"c\\d\té';
    writeFileSync(join(tree, odd), 'four');
    symlinkSync(odd, join(tree, 'l -> "m'));
    spawnSync('ln', [join(tree, odd), join(tree, 'same')]);
    spawnSync('mkfifo', [join(tree, 'pipe')]);
    const bytes = (text: string) => Buffer.from(text).toString('latin1');
    expect(await members()).toEqual([
      { type: 'd', name: './', size: 0 },
      { type: '-', name: bytes(`./${odd}`), size: 4 },
      { type: 'l', name: './l -> "m', link: bytes(odd), size: 0 },
      { type: 'p', name: './pipe', size: 0 },
      { type: 'h', name: './same', link: bytes(`./${odd}`), size: 0 },
    ]);
  });

  it('is refused if it is invalid or a name is endless', async () => {
    async function* lines(text: string) {
      yield Buffer.from(text);
    }
    const read = async (text: string) => {
      for await (const _each of membersOf(lines(text)));
    };
    await expect(read('what is this\n')).rejects.toThrow('tar lists "what is this"');
    await expect(read('x'.repeat(70_000))).rejects.toThrow('a name in it is too long');
  });
});
