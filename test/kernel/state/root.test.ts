import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inPrivateHost, MAIN, type PrivateHost, type Ran } from '../../support/private-host.js';
import { SMALL_IMAGE } from '../../support/small-image.js';

const FILE = (name: string, subnet: string) => ({
  name,
  images: { box: SMALL_IMAGE },
  bridges: { lan: { subnet: `${subnet}.0/24`, host: `${subnet}.1` } },
  volumes: { data: {} },
  containers: {
    c: {
      image: 'box',
      command: ['busybox', 'sh', '-c', 'busybox echo hello; exec busybox sleep 1000'],
      stop_signal: 'SIGKILL',
      heal: 'immediate',
      bridges: ['lan'],
      volumes: ['data:/data'],
    },
  },
});

/** baleine with another root than the host's default. */
class Installation {
  readonly file: string;

  constructor(
    readonly host: PrivateHost,
    readonly root: string,
    subnet = '10.60.1',
    name = 'shop',
  ) {
    this.file = join(host.dir, `${name}.yaml`);
    writeFileSync(this.file, JSON.stringify(FILE(name, subnet)));
  }

  at(root: string): Installation {
    return Object.assign(Object.create(Installation.prototype), this, { root });
  }

  run(...words: string[]): Promise<Ran> {
    const args = [MAIN, '--root', this.root, '-f', this.file, ...words];
    return this.host.run(process.execPath, args, { reject: false, timeout: 120_000 });
  }

  async done(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...words);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    return stdout;
  }

  async pid(): Promise<number> {
    const [found] = JSON.parse(await this.done('ps', '--json')) as { pid: number | null }[];
    return found?.pid ?? 0;
  }

  /** Destroys the stack, checks that the root is empty, and removes it. */
  async remove(): Promise<void> {
    await this.done('destroy', '-y', '--volumes');
    expect(readdirSync(this.root)).toEqual(['destroyed.csv']);
    rmSync(this.root, { recursive: true });
  }
}

/** A snapshot without disks, which containers write to. */
async function at(host: PrivateHost): Promise<object> {
  const all = Object.entries(await host.snapshot());
  return Object.fromEntries(all.filter(([name]) => !name.endsWith('.img')));
}

const isAlive = (pid: number) => existsSync(`/proc/${pid}`);

/** For the monitor to restart the container. */
const WAIT = { timeout: 20_000, interval: 200 };

describe('a root whose path has', () => {
  it.each([
    ['colons', 'a:b:c'],
    ['blanks and quotes', ` it's "a" root `],
    ['letters of the world', 'données-数据'],
    ['what shells, cron and mount options take for their own', '50%,b=c$(x)`y`*[z]#;&|\\040'],
    ['a dash before it', '-rf'],
  ])('%s works like any other', (_what, name) =>
    inPrivateHost(async (host) => {
      const stack = new Installation(host, join(host.dir, 'in', name));
      mkdirSync(join(host.dir, 'in'));
      await stack.done('apply', '-y');
      await expect.poll(() => stack.done('logs', 'c')).toBe('hello\n');
      expect(await stack.done('exec', 'c', 'busybox', 'echo', 'x')).toBe('x\n');
      expect(await stack.done('plan')).toContain('No changes.');
      const pid = await stack.pid();
      process.kill(pid, 'SIGKILL');
      await expect.poll(async () => [0, pid].includes(await stack.pid()), WAIT).toBe(false);
      await stack.done('restart', 'c');
      expect(readdirSync(join(host.dir, 'in'))).toEqual([name]);
      await stack.remove();
    })(),
  );

  it.each(['a\nb', 'a\tb', 'a?b'])(
    'a root that some program cannot handle is refused, and not created: %j',
    (name) =>
      inPrivateHost(async (host) => {
        const ran = await new Installation(host, join(host.dir, name)).run('apply', '-y');
        expect(ran.code).toBe(1);
        expect(ran.stderr).toContain('as --root: ');
        expect(existsSync(join(host.dir, name))).toBe(false);
      })(),
  );
});

it(
  'is one installation by every path to it',
  inPrivateHost(async (host) => {
    const real = join(host.dir, 'disk/root');
    mkdirSync(real, { recursive: true });
    symlinkSync(join(host.dir, 'disk'), join(host.dir, 'link'));
    mkdirSync(join(host.dir, 'bound'));
    const stack = new Installation(host, join(host.dir, 'link/root'));
    await stack.done('apply', '-y');
    await host.run('mount', ['--bind', real, join(host.dir, 'bound')]);
    const pid = await stack.pid();
    expect(isAlive(pid)).toBe(true);
    const paths = ['disk/root', 'disk/../link/root/', 'bound', 'link/root/.'];
    for (const path of paths.map((each) => `${host.dir}/${each}`)) {
      expect(await stack.at(path).done('apply', '-y')).toContain('No changes.');
      expect(await stack.at(path).pid()).toBe(pid);
    }
    await host.run('umount', [join(host.dir, 'bound')]);
    await stack.at(real).remove();
  }),
);

it(
  'refuses a copy until it is adopted, and then leaves the original alone',
  inPrivateHost(async (host) => {
    const original = new Installation(host, host.root);
    await original.done('apply', '-y');
    writeFileSync(join(host.root, 'volumes/shop/data/note'), 'mine');
    const pid = await original.pid();
    const copy = original.at(join(host.dir, 'copy'));
    cpSync(host.root, copy.root, { recursive: true, preserveTimestamps: true });
    const before = await at(host);
    for (const words of [
      ['plan'],
      ['apply', '-y'],
      ['destroy', '-y', '--volumes'],
      ['ps'],
      ['stop', 'c'],
      ['state', 'repair', '-y'],
    ]) {
      const { code, stderr } = await copy.run(...words);
      expect({ words, code }).toEqual({ words, code: 1 });
      expect(stderr).toContain(`it is a copy of ${host.root}, or was moved from there\n`);
      expect(stderr).toContain(`\n  baleine state adopt --root ${copy.root}\n`);
    }
    expect(await at(host)).toEqual(before);

    expect(await copy.done('state', 'adopt', '-y')).toContain(
      `What runs of ${host.root} is left alone`,
    );
    expect(await copy.done('state', 'adopt', '-y')).toContain('belongs to this host already');
    expect(await at(host)).toEqual(before);
    // a host cannot have two bridges in one subnet
    writeFileSync(copy.file, JSON.stringify(FILE('shop', '10.60.2')));
    await copy.done('apply', '-y');
    expect(isAlive(pid)).toBe(true);
    expect(readFileSync(join(copy.root, 'volumes/shop/data/note'), 'utf8')).toBe('mine');
    expect(await copy.pid()).not.toBe(pid);
    await copy.remove();
    writeFileSync(copy.file, JSON.stringify(FILE('shop', '10.60.1')));
    expect(await original.done('plan')).toContain('No changes.');
    expect(await original.pid()).toBe(pid);
    await original.remove();
  }),
  300_000,
);

it(
  'accepts a moved root with its running containers and data',
  inPrivateHost(async (host) => {
    const stack = new Installation(host, host.root);
    await stack.done('apply', '-y');
    writeFileSync(join(host.root, 'volumes/shop/data/note'), 'mine');
    const pid = await stack.pid();
    const moved = stack.at(join(host.dir, 'moved'));
    await host.run('mv', [host.root, moved.root]);
    expect((await moved.run('apply', '-y', '--quiet')).stderr).toContain('was moved from there');
    expect((await moved.run('state', 'adopt')).stderr).toContain('cannot ask for approval');
    expect(await moved.done('state', 'adopt', '-y')).toContain(
      `What still runs of ${host.root} is ended`,
    );
    expect(isAlive(pid)).toBe(false);
    const plan = await moved.done('plan');
    expect(plan).toMatch(/container\.c will be updated/);
    expect(plan).not.toContain('volume.data');
    expect(plan).not.toContain('image.box');
    await moved.done('apply', '-y');
    expect(await moved.done('plan')).toContain('No changes.');
    expect(await moved.done('exec', 'c', 'busybox', 'cat', '/data/note')).toBe('mine');
    await moved.remove();
  }),
  300_000,
);

it(
  'does not mix running containers with a restored backup',
  inPrivateHost(async (host) => {
    const stack = new Installation(host, host.root);
    await stack.done('apply', '-y');
    writeFileSync(join(host.root, 'volumes/shop/data/note'), 'then');
    const pid = await stack.pid();
    const backup = join(host.dir, 'backup');
    await host.run('cp', ['-a', host.root, backup]);
    await host.run('mv', [host.root, join(host.dir, 'old')]);
    await host.run('cp', ['-a', backup, host.root]);
    expect((await stack.run('apply', '-y')).stderr).toContain('as after a backup was restored');
    await stack.done('state', 'adopt', '-y');
    expect(isAlive(pid)).toBe(false);
    await stack.done('apply', '-y');
    expect(await stack.done('exec', 'c', 'busybox', 'cat', '/data/note')).toBe('then');
    for (const each of [backup, join(host.dir, 'old')]) rmSync(each, { recursive: true });
    await stack.remove();
  }),
  300_000,
);
