import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { installPaths } from '../../src/model/install-paths.js';
import { inPrivateHost, MAIN, type PrivateHost } from '../support/private-host.js';
import { IDLE, SMALL_IMAGE } from '../support/small-image.js';
import { NOTHING, Stack } from './stack/stack.js';

/** A stack whose image has a build step that takes this many seconds, in a one-off container. */
const building = (seconds: number) => ({
  name: 'shop',
  images: {
    base: SMALL_IMAGE,
    slow: {
      size: '32M',
      from: { image: 'base' },
      copy: [SHELL],
      run: [`/bin/busybox sleep ${seconds}`],
    },
  },
  volumes: { data: {} },
  containers: { one: { image: 'slow', command: IDLE, stop_signal: 'SIGKILL' } },
});
const SHELL = { from: '/bin/busybox', to: '/bin/sh', mode: '0755' };

/** A running apply with its output. */
class Applying {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown[]>;
  output = '';

  constructor(host: PrivateHost, file: string) {
    const into = [`--target=${host.pid}`, '--mount', '--net', '--', process.execPath, MAIN];
    const words = ['--root', host.root, '--file', file, 'apply', '-y'];
    this.child = spawn('nsenter', [...into, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.ended = once(this.child, 'close');
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (data) => {
        this.output += data;
      });
    }
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.child.pid ?? 0, name);
  }
}

const oneOffs = (host: PrivateHost) => {
  const dir = join(installPaths(host.root).run, 'once');
  return host
    .run('ls', [dir], { reject: false })
    .then(({ stdout }) => stdout.split('\n').filter(Boolean));
};

/** Whether the process is the build step, and not the probe of the runtime before it. */
const sleeps = (pid: number) => /^\/bin\/busybox\0sleep\0/.test(textOf(`/proc/${pid}/cmdline`));

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Waits until the build step runs in its one-off container. @returns the container's id */
async function inBuild(stack: Stack, apply: Applying): Promise<string> {
  let id = '';
  await expect
    .poll(async () => {
      if (apply.child.exitCode !== null) throw new Error(apply.output);
      [id = ''] = (await oneOffs(stack.host)).filter((each) => stack.pids(each).some(sleeps));
      return id;
    })
    .not.toBe('');
  return id;
}

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'finishes the running step, saves and reports at %s',
  async (name) => {
    await inPrivateHost(async (host) => {
      const stack = new Stack(host, building(6));
      const apply = new Applying(host, stack.file);
      await inBuild(stack, apply);
      apply.signal(name);
      await expect.poll(() => apply.output).toContain('Interrupted: finishing what has begun.');
      expect(await apply.ended).toEqual([130, null]);
      expect(apply.output).toContain('Apply interrupted.');
      const rows = (await stack.done('state', 'show')).trimEnd().split('\n');
      const status = rows
        .map((row) => JSON.parse(row))
        .map((row) => `${row.address} ${row.status}`);
      expect(status).toContain('image.slow ready');
      expect(status.join()).not.toContain('container');
      await stack.apply();
      expect(await stack.plan()).toBe(NOTHING);
      await stack.destroy();
    })();
  },
);

it(
  'stops at once at a second signal, and the next apply cleans up',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, building(600));
    const apply = new Applying(host, stack.file);
    const id = await inBuild(stack, apply);
    apply.signal('SIGINT');
    await expect.poll(() => apply.output).toContain('Interrupted');
    const asked = performance.now();
    apply.signal('SIGTERM');
    expect(await apply.ended).toEqual([130, null]);
    expect(performance.now() - asked).toBeLessThan(5000);
    expect(stack.pids(id).some(sleeps)).toBe(true);
    expect(await oneOffs(host)).toEqual([id]);
    await repaired(stack, id);
  }),
);

it(
  'ends programs of a killed build at the next apply',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, building(600));
    const apply = new Applying(host, stack.file);
    const id = await inBuild(stack, apply);
    apply.signal('SIGKILL');
    await apply.ended;
    expect(stack.pids(id).some(sleeps)).toBe(true);
    expect(await oneOffs(host)).toEqual([id]);
    await repaired(stack, id);
  }),
);

async function repaired(stack: Stack, id: string): Promise<void> {
  stack.write(building(0));
  await stack.apply();
  expect(stack.groups(id)).toEqual([]);
  expect(await oneOffs(stack.host)).toEqual([]);
  const mounts = await stack.host.run('cat', ['/proc/self/mounts']);
  expect(mounts.stdout).not.toContain('.part.tree');
  expect(await stack.plan()).toBe(NOTHING);
  expect(await stack.done('state', 'check')).toMatch(/rows, all tables whole\n$/);
  await stack.destroy();
}
