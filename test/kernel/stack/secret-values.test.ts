import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { installPaths, memoryFilesDir } from '../../../src/model/install-paths.js';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { NOTHING, Stack } from './stack.js';

/** Found in nothing but these values. */
const MARK = 'ZvQ7xK2m';
const VALUES = { file: `${MARK}-file`, variable: `${MARK}-variable`, age: `${MARK}-age` };

/** One secret of each origin, and a container that writes nothing of them anywhere. */
function words(host: PrivateHost) {
  writeFileSync(join(host.dir, 'pw.txt'), VALUES.file);
  if (!readdirSync(host.dir).includes('id.txt')) {
    execFileSync('age-keygen', ['--output', join(host.dir, 'id.txt')], { stdio: 'ignore' });
  }
  encrypt(host, VALUES.age);
  return {
    name: 'quiet',
    images: { box: SMALL_IMAGE },
    secrets: {
      one: { file: './pw.txt' },
      two: { environment: 'TOKEN' },
      three: { age: './key.age', identity: './id.txt' },
    },
    containers: { web: { image: 'box', command: IDLE, secrets: ['one', 'two', 'three'] } },
  };
}

function encrypt(host: PrivateHost, text: string): void {
  const identity = readFileSync(join(host.dir, 'id.txt'), 'utf8');
  const recipient = /age1\w+/.exec(identity)?.[0] ?? '';
  const to = join(host.dir, 'key.age');
  execFileSync('age', ['--recipient', recipient, '--output', to], { input: text });
}

class Quiet extends Stack {
  env: Record<string, string> = { TOKEN: VALUES.variable };

  override run(...args: string[]) {
    const how = { reject: false, env: this.env, timeout: 120_000 };
    return this.host.baleine(['--file', this.file, ...args], how);
  }

  override async done(...args: string[]) {
    const { code, stdout, stderr } = await this.run(...args);
    expect({ args, code, ...(code !== 0 && { stderr }) }).toEqual({ args, code: 0 });
    return stdout;
  }

  values(): Promise<string> {
    return this.done('exec', 'web', '--', 'busybox', 'sh', '-c', 'busybox cat /run/secrets/*');
  }
}

const ALL = VALUES.file + VALUES.age + VALUES.variable;

/** Processes whose arguments or environment have a value, but ours that was given it. */
function carriers(): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      // first: what is node still may be another program a moment later, without node's environment
      if (['node', 'nsenter'].includes(basename(readlinkSync(`/proc/${pid}/exe`)))) return false;
      const text = ['cmdline', 'environ'].map((name) => readFileSync(`/proc/${pid}/${name}`));
      return text.some((each) => each.includes(MARK));
    } catch {
      return false;
    }
  });
}

it(
  'are nowhere but in the memory of the container',
  inPrivateHost(async (host) => {
    const stack = new Quiet(host, words(host));
    const outputs: string[] = [];
    const found = new Set<string>();
    const control = spawn('sleep', ['60'], { env: { ...process.env, CONTROL: MARK } });
    await expect.poll(carriers).toEqual([String(control.pid)]);
    control.kill();
    await once(control, 'exit');
    const during = async (...args: string[]) => {
      let over = false;
      const ran = stack.run(...args).finally(() => {
        over = true;
      });
      while (!over) {
        for (const pid of carriers()) found.add(pid);
        await sleep(2);
      }
      const { code, stdout, stderr } = await ran;
      expect({ args, code, ...(code !== 0 && { stderr }) }).toEqual({ args, code: 0 });
      outputs.push(stdout, stderr);
    };
    await during('plan', '--json');
    await during('plan', '--out', join(host.dir, 'first.plan'));
    await during('apply', '-y', join(host.dir, 'first.plan'));
    expect(await stack.values()).toBe(ALL);
    expect(await stack.done('plan')).toBe(NOTHING);

    stack.env.TOKEN = `${MARK}-second`;
    writeFileSync(join(host.dir, 'pw.txt'), `${MARK}-second`);
    for (const args of [
      ['plan'],
      ['plan', '--json'],
      ['debug', 'snapshot'],
      ['apply', '-y', '--json'],
    ]) {
      await during(...args);
    }
    for (const args of [['ps', '--json'], ['events', '--json'], ['graph'], ['logs', 'web']]) {
      await during(...args);
    }
    await during('restart', 'web');
    expect([...found]).toEqual([]);
    expect(outputs.filter((text) => text.includes(MARK))).toEqual([]);
    expect(outputs.join()).toMatch(/secrets\.one/);

    const { run } = installPaths(host.root);
    const search = async (...places: string[]) => {
      const { stdout } = await host.run('grep', ['-rlaF', MARK, ...places], { reject: false });
      return stdout.split('\n').filter(Boolean);
    };
    const secrets = memoryFilesDir(installPaths(host.root));
    const inMemory = await search(run);
    expect(inMemory).toHaveLength(3);
    expect(inMemory.filter((path) => !path.startsWith(`${secrets}/`))).toEqual([]);
    expect(await search(host.root, join(host.dir, 'first.plan'), join(host.dir, 'tmp'))).toEqual(
      [],
    );
    await stack.destroy();
  }),
);

it(
  'survive the end of the process, a stop and a replacement, without the file that has them',
  inPrivateHost(async (host) => {
    const file = words(host);
    const web = { ...file.containers.web, heal: 'immediate', configs: ['motd'] };
    const all = { ...file, configs: { motd: { content: 'hi' } }, containers: { web } };
    const stack = new Quiet(host, all);
    await stack.apply();
    rmSync(join(host.dir, 'pw.txt'));
    rmSync(join(host.dir, 'id.txt'));
    stack.env = {};
    const before = stack.processes('quiet.web');
    await stack.kill('quiet.web');
    const after = () => stack.processes('quiet.web');
    await expect.poll(after).not.toEqual(before);
    await expect.poll(() => stack.pids('quiet.web').length, { timeout: 20_000 }).toBeGreaterThan(1);
    expect(await stack.values()).toBe(ALL);
    await stack.done('stop', 'web');
    await stack.done('start', 'web');
    expect(await stack.values()).toBe(ALL);
    expect(await stack.done('exec', 'web', '--', 'busybox', 'cat', '/motd')).toBe('hi');
    await stack.done('apply', '-y', '--stack', 'quiet', '--replace', 'container.web');
    expect(await stack.values()).toBe(ALL);
    await stack.destroy();
  }),
);

describe('an origin that cannot be read is refused with its position', () => {
  const broken: Record<string, [spoil: (host: PrivateHost) => unknown, message: RegExp]> = {
    'a missing file': [
      (host) => rmSync(join(host.dir, 'pw.txt')),
      /baleine\.yaml:\d+:\d+: cannot read secret one: .*\/pw\.txt: no such file/,
    ],
    'a large file': [
      (host) => writeFileSync(join(host.dir, 'pw.txt'), Buffer.alloc(2 ** 20 + 1)),
      /baleine\.yaml:\d+:\d+: cannot read secret one: .*\/pw\.txt: it is larger than 1 MiB/,
    ],
    'a pipe': [
      async (host) => {
        rmSync(join(host.dir, 'pw.txt'));
        await host.run('mkfifo', ['pw.txt']);
      },
      /cannot read secret one: .*\/pw\.txt: it is not a regular file/,
    ],
    'a folder': [
      (host) => {
        rmSync(join(host.dir, 'pw.txt'));
        mkdirSync(join(host.dir, 'pw.txt'));
      },
      /cannot read secret one: .*\/pw\.txt: it is not a regular file/,
    ],
    'an identity that does not fit': [
      async (host) => {
        rmSync(join(host.dir, 'id.txt'));
        await host.run('age-keygen', ['--output', 'id.txt']);
      },
      /baleine\.yaml:\d+:\d+: cannot read secret three: cannot decrypt .*\/key\.age: age: .*no identity matched/,
    ],
    'a text that is not encrypted': [
      (host) => writeFileSync(join(host.dir, 'key.age'), 'plain'),
      /cannot read secret three: cannot decrypt .*\/key\.age: age: /,
    ],
  };

  it.concurrent.each(Object.entries(broken))('%s', (_, [spoil, message]) =>
    inPrivateHost(async (host) => {
      const stack = new Quiet(host, words(host));
      await spoil(host);
      const { code, stderr } = await stack.run('apply', '-y');
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(message) });
      expect(stderr).not.toContain(MARK);
    })(),
  );

  it(
    'a variable that is not set',
    inPrivateHost(async (host) => {
      const stack = new Quiet(host, words(host));
      stack.env = {};
      expect((await stack.run('plan')).stderr).toMatch(
        /baleine\.yaml:\d+:\d+: cannot read secret two: variable TOKEN is not set/,
      );
    }),
  );

  it(
    'a host without age',
    inPrivateHost(async (host) => {
      const stack = new Quiet(host, words(host));
      await host.run('mount', ['--bind', '/dev/null', '/usr/bin/age']);
      expect((await stack.run('plan')).stderr).toMatch(
        /baleine\.yaml:\d+:\d+: cannot read secret three: age is not installed: apt-get install age/,
      );
      await host.run('umount', ['/usr/bin/age']);
    }),
  );
});

it(
  'a saved plan is refused once a secret has changed',
  inPrivateHost(async (host) => {
    const stack = new Quiet(host, words(host));
    const plan = join(host.dir, 'saved.plan');
    await stack.apply();
    encrypt(host, 'another');
    writeFileSync(join(host.dir, 'pw.txt'), 'another');
    await stack.done('plan', '--out', plan);
    const before = stack.processes('quiet.web');
    writeFileSync(join(host.dir, 'pw.txt'), 'a third');
    const { code, stderr } = await stack.run('apply', '-y', plan);
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        'cannot read secret one: it has changed since it was planned',
      ),
    });
    expect(stack.processes('quiet.web')).toEqual(before);
    await stack.destroy();
  }),
);
