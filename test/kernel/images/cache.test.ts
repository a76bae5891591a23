import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { inPrivateHost, MAIN, type PrivateHost } from '../../support/private-host.js';
import { lackingAny } from '../../support/skip.js';
import { debianArchive } from '../host/debian-archive.js';

const BUSYBOX = {
  'srv/tiny': '',
  'bin/busybox': { from: '/bin/busybox' },
  'bin/sh': { from: '/bin/busybox' },
};

/** A stack with a web server on a Debian of two packages, installed by the real mmdebstrap. */
class Site {
  readonly file: string;
  readonly #calls: string;
  readonly #env: Record<string, string>;
  #mirror = '';

  constructor(readonly host: PrivateHost) {
    this.file = join(host.dir, 'baleine.yaml');
    this.#calls = join(host.dir, 'calls');
    writeFileSync(this.#calls, '');
    // apt's own account reads the archive
    chmodSync(host.dir, 0o755);
    const bin = join(host.dir, 'bin');
    mkdirSync(bin);
    // the archive has no signature, which mmdebstrap takes of a line of sources.list alone
    const script = `#!/bin/sh
case $1 in --version) exec /usr/bin/mmdebstrap --version; esac
echo call >> ${this.#calls}
[ ! -e ${host.dir}/slow ] || exec sleep 3
for last; do :; done
n=$#
while [ $n -gt 1 ]; do set -- "$@" "$1"; shift; n=$((n - 1)); done
shift
exec /usr/bin/mmdebstrap "$@" "deb [trusted=yes] $last bookworm main"
`;
    writeFileSync(join(bin, 'mmdebstrap'), script, { mode: 0o755 });
    this.#env = { PATH: `${bin}:${process.env.PATH}` };
    this.archive('1');
    this.page('index.html', 'first');
    this.write({});
  }

  /** @param version the content of a file of the package `more` */
  archive(version: string): void {
    this.#mirror = debianArchive(join(this.host.dir, 'archive'), {
      tiny: BUSYBOX,
      more: { 'srv/more': version },
    });
  }

  page(name: string, text: string): void {
    mkdirSync(join(this.host.dir, 'pages'), { recursive: true });
    writeFileSync(join(this.host.dir, 'pages', name), text);
  }

  write({ packages = ['tiny'], copy = true, size = '64M', containers = true } = {}): void {
    const debian = { suite: 'bookworm', variant: 'extract', packages, mirror: this.#mirror };
    const image = {
      size,
      from: { debian },
      ...(copy && { copy: [{ from: 'pages', to: '/srv' }] }),
    };
    const web = {
      image: 'web',
      command: ['/bin/busybox', 'httpd', '-f', '-p', '80', '-h', '/srv'],
      stop_signal: 'SIGKILL',
      bridges: { front: { address: '10.77.1.11' } },
    };
    const stack = {
      name: 'shop',
      images: { web: image },
      bridges: { front: { subnet: '10.77.1.0/24', host: '10.77.1.1' } },
      ...(containers && { containers: { web } }),
    };
    writeFileSync(this.file, JSON.stringify(stack));
  }

  run(...args: string[]) {
    const env = this.#env;
    return this.host.baleine(['--file', this.file, ...args], { env, timeout: 200_000 });
  }

  /** Applies the file. @returns how often mmdebstrap was started for that */
  async apply(...args: string[]): Promise<number> {
    const before = this.calls();
    await this.run('apply', '-y', ...args);
    return this.calls() - before;
  }

  /** Kills an apply while it waits for mmdebstrap, and waits for the end of that. */
  async killApply(): Promise<void> {
    writeFileSync(join(this.host.dir, 'slow'), '');
    const before = this.calls();
    const line = [process.execPath, MAIN, '--root', this.host.root, '--file', this.file];
    const pid = join(this.host.dir, 'pid');
    const script = `echo $$ > ${pid}; exec ${line.join(' ')} apply -y`;
    const run = this.host.run('sh', ['-c', script], { env: this.#env, reject: false });
    while (this.calls() === before) await sleep(20);
    process.kill(Number(readFileSync(pid, 'utf8')), 'SIGKILL');
    expect((await run).code).toBe(137);
    await sleep(4000);
    rmSync(join(this.host.dir, 'slow'));
  }

  calls(): number {
    return readFileSync(this.#calls, 'utf8').split('\n').length - 1;
  }

  get(path: string): Promise<string> {
    return this.host.http(`http://10.77.1.11/${path}`);
  }

  /** Files that are kept, by the id of their image. */
  stages(): Record<string, string[]> {
    const cache = join(this.host.root, 'cache');
    const ids = existsSync(cache) ? readdirSync(cache) : [];
    return Object.fromEntries(ids.map((id) => [id, readdirSync(join(cache, id))]));
  }

  stage(): string {
    const [name = '', ...others] = this.stages()['shop.web'] ?? [];
    expect(others).toEqual([]);
    expect(name).toMatch(/^[0-9a-f]{32}\.[0-9a-f]{32}\.img$/);
    return join(this.host.root, 'cache/shop.web', name);
  }
}

const withSite = (test: (site: Site) => Promise<void>) =>
  inPrivateHost(async (host) => {
    const site = new Site(host);
    await test(site);
    await site.run('destroy', '-y');
    expect(site.stages()).toEqual({});
  });

const LONG = 240_000;

it.skipIf(lackingAny('mmdebstrap', 'dpkg-deb', 'curl'))(
  'installs a base once, and again whenever it would be another one',
  withSite(async (site) => {
    expect(await site.apply()).toBe(1);
    expect(await site.get('index.html')).toBe('first');
    const first = site.stage();

    site.page('index.html', 'second');
    site.page('other.html', 'other');
    expect(await site.apply()).toBe(0);
    expect(await site.get('index.html')).toBe('second');
    expect(await site.get('other.html')).toBe('other');
    expect(site.stage()).toBe(first);

    rmSync(join(site.host.dir, 'pages/other.html'));
    expect(await site.apply()).toBe(0);
    await expect(site.get('other.html')).rejects.toThrow('404');

    site.write({ copy: false });
    expect(await site.apply()).toBe(0);
    await expect(site.get('index.html')).rejects.toThrow('404');

    site.write({ packages: ['tiny', 'more'] });
    expect(await site.apply()).toBe(1);
    expect(await site.get('more')).toBe('1');
    expect(site.stage()).not.toBe(first);

    site.write({ packages: ['tiny', 'more'], size: '72M' });
    expect(await site.apply()).toBe(1);

    // nothing of the stack has changed: the archive alone is no reason
    site.archive('2');
    expect(await site.apply()).toBe(0);
    expect(await site.get('more')).toBe('1');
    site.page('index.html', 'third');
    expect(await site.apply()).toBe(1);
    expect(await site.get('more')).toBe('2');
    expect(await site.get('index.html')).toBe('third');

    site.page('index.html', 'fourth');
    expect(await site.apply('--no-cache')).toBe(1);
    site.page('index.html', 'fifth');
    expect(await site.apply()).toBe(0);
    expect(await site.get('index.html')).toBe('fifth');

    expect(await site.apply('--replace', 'image.web')).toBe(1);

    // an archive that does not answer is as it was
    rmSync(join(site.host.dir, 'archive'), { recursive: true });
    site.page('index.html', 'sixth');
    expect(await site.apply()).toBe(0);
    expect(await site.get('index.html')).toBe('sixth');
  }),
  LONG,
);

it.skipIf(lackingAny('mmdebstrap', 'dpkg-deb', 'curl'))(
  'makes no image of a stage that is damaged, and counts and prunes them',
  withSite(async (site) => {
    await site.apply();
    const damages: ((file: string) => void)[] = [
      (file) => truncateSync(file, 32 * 2 ** 20),
      (file) => truncateSync(file, 0),
      (file) => writeFileSync(file, Buffer.alloc(2 ** 20), { flag: 'r+' }),
      (file) => rmSync(file),
    ];
    for (const [at, damage] of damages.entries()) {
      damage(site.stage());
      site.page('index.html', `page ${at}`);
      expect(await site.apply()).toBe(1);
      expect(await site.get('index.html')).toBe(`page ${at}`);
    }

    const used = async () => JSON.parse((await site.run('system', 'df', '--json')).stdout);
    const kept = (await used()).filter(({ type }: { type: string }) => type === 'cache');
    expect(kept).toMatchObject([{ name: 'web', stack: 'shop', active: false, reclaimable: true }]);
    expect(kept[0].used).toBeGreaterThan(2 ** 20);
    expect((await site.run('system', 'df')).stdout).toMatch(/^Build cache +1 +0 +\S+M +\S+M$/m);
    await site.run('image', 'prune', '-y');
    expect(site.stages()).toEqual({});
    expect((await used()).some(({ type }: { type: string }) => type === 'cache')).toBe(false);
    site.page('index.html', 'pruned');
    expect(await site.apply()).toBe(1);
  }),
  LONG,
);

it.skipIf(lackingAny('mmdebstrap', 'dpkg-deb', 'curl'))(
  'survives a kill while it installs: the next apply goes on, and destroy leaves nothing',
  withSite(async (site) => {
    await site.killApply();
    expect(readdirSync(join(site.host.root, 'cache/shop.web'))).toEqual([
      '.unfinished.img.part',
      '.unfinished.img.part.tree',
    ]);
    expect(await site.apply()).toBe(1);
    expect(await site.get('index.html')).toBe('first');
    site.stage();
    await site.run('destroy', '-y');
    await site.killApply();
    // the image itself was not even begun
    expect(readdirSync(join(site.host.root, 'images'))).toEqual([]);
  }),
  LONG,
);
