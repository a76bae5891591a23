import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { writeTree } from '../pool/tree.js';
import type { Stack } from './stack.js';

export const SIZED = { size: '24M' };
export const VOLUMES = {
  plain: {},
  sized: SIZED,
  kept: { protect: true },
  quota: { ...SIZED, protect: true },
};
const UNPROTECTED = { plain: {}, sized: SIZED, kept: {}, quota: SIZED };
export const NAMES = Object.keys(VOLUMES);
export const DB = {
  image: 'box',
  command: IDLE,
  bridges: ['front'],
  volumes: NAMES.map((name) => `${name}:/${name}`),
};

/** A stack with volumes of each form, protected or not. */
export const BASE = {
  name: 'shop',
  images: { box: SMALL_IMAGE, large: { ...SMALL_IMAGE, size: '12M' } },
  bridges: { front: { subnet: '10.77.1.0/24' }, back: { subnet: '10.77.2.0/24' } },
  volumes: VOLUMES,
  containers: { db: DB },
  jobs: { report: { schedule: '0 0 1 1 *', ...DB, command: ['busybox', 'true'] } },
};

/** Everything of some folders, one line for each entry, with a digest of each file. */
const PRINT = `
for folder; do
  cd "$folder"; echo "$folder"
  find . -type d -printf '%y %m %U %G %p\\n' -o -printf '%y %m %U %G %s %n %T@ %l %p\\n' | sort
  find . -type f -size -100M -exec sha256sum {} + | sort
  tail -c 1000 d/sparse | sha256sum; getfattr -d -m - d/random
done`;

/** The data of a stack's volumes, and whether all of it is still there. */
export class Data {
  #before: ReadonlyMap<string, string> = new Map();

  constructor(readonly stack: Stack) {}

  folder(name: string): string {
    return join(this.stack.host.root, 'volumes/shop', name);
  }

  async write(): Promise<void> {
    for (const name of NAMES) await writeTree(this.stack.host, this.folder(name));
    this.#before = await this.#trees(NAMES);
  }

  /** Compares every byte, owner and mode. What is not mounted must have its file, and is compared later. */
  async check(after: string, { names = NAMES, isComplete = false } = {}): Promise<void> {
    const mounts = readFileSync(`/proc/${this.stack.host.pid}/mounts`, 'utf8');
    const shown = names.filter((name) => {
      const path = this.folder(name);
      return isComplete || !existsSync(`${path}.img`) || mounts.includes(` ${path} `);
    });
    const found = await this.#trees(shown);
    const lost = shown.filter((name) => found.get(name) !== this.#before.get(name));
    const shows = lost.map((name) => `${name}: ${found.get(name)?.slice(0, 500)}`);
    expect({ after, lost: shows }).toEqual({ after, lost: [] });
  }

  /** Destroys the stack and its volumes, which takes their names, and those that are protected at last. */
  async remove(): Promise<void> {
    const { stack } = this;
    const left = () => NAMES.filter((name) => existsSync(this.folder(name)));
    stack.write(BASE);
    await stack.apply();
    await this.check('everything', { isComplete: true });
    await stack.done('apply', '-y', '--replace', 'volume.sized');
    expect(readdirSync(this.folder('sized'))).toEqual([]);
    await this.check('--replace volume.sized', { names: ['plain', 'kept', 'quota'] });
    await stack.done('destroy', '-y', '--volumes');
    expect(left()).toEqual(['kept', 'quota']);
    stack.write({ ...BASE, volumes: UNPROTECTED });
    await stack.apply();
    await this.check('destroy --volumes', { names: ['kept', 'quota'], isComplete: true });
    await stack.done('destroy', '-y');
    await stack.done('volume', 'rm', '--stack', 'shop', 'kept');
    expect(readdirSync(join(this.folder('kept'), '..')).sort()).toEqual([
      'plain',
      'quota.img',
      'sized.img',
    ]);
    await stack.done('volume', 'prune', '-y', '--all');
    expect(existsSync(join(stack.host.root, 'volumes'))).toBe(false);
    const listed = await stack.done('volume', 'snapshots', '--json');
    for (const { volume, tag } of JSON.parse(listed) as { volume: string; tag: string }[]) {
      await stack.done('volume', 'snapshots', 'rm', '--stack', 'shop', volume, tag);
    }
    const disks = await stack.done('container', 'snapshots', '--json');
    for (const { container, tag } of JSON.parse(disks) as { container: string; tag: string }[]) {
      await stack.done('container', 'snapshots', 'rm', '--stack', 'shop', container, tag);
    }
    await stack.done('destroy', '-y', '--volumes');
  }

  async #trees(names: readonly string[]): Promise<Map<string, string>> {
    const { host } = this.stack;
    const folders = names.map((name) => this.folder(name));
    const { stdout } = await host.run('bash', ['-c', PRINT, '-', ...folders]);
    const parts = folders.map(
      (folder) => stdout.split(`${folder}\n`)[1]?.split(`${host.root}/`)[0],
    );
    return new Map(names.map((name, index) => [name, parts[index] ?? 'it is not there']));
  }
}
