import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { installPaths, vethLink } from '../../../src/model/install-paths.js';
import { inPrivateHost, MAIN } from '../../support/private-host.js';
import { appliedStack, headings, NOTHING, PAIR, Stack } from './stack.js';

const { a } = PAIR.containers;
const TALK = 'for i in 1 2 3; do echo line $i; done; echo oops >&2; exec busybox sleep 3600';
const TALKING = {
  ...PAIR,
  containers: {
    a,
    talker: { ...a, command: ['busybox', 'sh', '-c', TALK], bridges: {}, restart: 'no' },
  },
};
const use = appliedStack(TALKING);

/** Runs baleine on the pseudo-terminal of script(1). */
async function onTerminal(words: string[], input = ''): Promise<{ code: number; shown: string }> {
  const { host, file } = use();
  const line = [process.execPath, MAIN, '--root', host.root, '--file', file, ...words].join(' ');
  const args = ['--quiet', '--return', '--command', line, '/dev/null'];
  const { code, stdout } = await host.run('script', args, { input, reject: false });
  return { code, shown: stdout };
}

describe('logs', () => {
  it('shows both streams, the last lines, and timestamps', async () => {
    const all = await use().run('logs', 'talker');
    expect(all).toEqual({ code: 0, stdout: 'line 1\nline 2\nline 3\n', stderr: 'oops\n' });
    const last = await use().run('logs', 'talker', '-n', '2');
    expect(last.stdout + last.stderr).toBe('line 3\noops\n');
    const timed = await use().done('logs', 'talker', '-t');
    expect(timed).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S* line 1\n/);
  });

  it('follows until the container ends', async () => {
    const stack = use();
    const following = stack.run('logs', 'talker', '-f', '-n', '1');
    await sleep(500);
    await stack.kill('pair.talker');
    const { code, stdout, stderr } = await following;
    expect({ code, shown: stdout + stderr }).toEqual({ code: 0, shown: 'oops\n' });
    expect(await stack.plan()).toBe(NOTHING); // restart: no
    await stack.apply('--replace', 'container.talker');
  });

  it('names a missing container', async () => {
    const { code, stderr } = await use().run('logs', 'nobody');
    expect(code).toBe(1);
    expect(stderr).toContain('nobody');
  });
});

describe('exec', () => {
  const exec = (...words: string[]) => use().run('exec', ...words);

  it('returns output, errors and exit code', async () => {
    const script = 'echo out; echo err >&2; exit 7';
    const ran = await exec('a', '--', 'busybox', 'sh', '-c', script);
    expect(ran).toEqual({ code: 7, stdout: 'out\n', stderr: 'err\n' });
    expect((await exec('a', 'busybox', 'sh', '-c', 'kill -9 $$')).code).toBe(137);
    const none = await exec('a', 'no-such-program');
    expect(none.code).not.toBe(0);
    expect(none.stderr).toContain('no-such-program');
  });

  it('runs in the container’s namespaces, cgroup and limits', async () => {
    expect((await exec('a', 'busybox', 'hostname')).stdout).toBe('a\n');
    expect((await exec('a', 'busybox', 'ps', '-o', 'args')).stdout).toContain('busybox httpd');
    expect((await exec('a', 'busybox', 'ps', '-o', 'args')).stdout).not.toContain('conmon');
  });

  it('accepts input, environment, user and folder', async () => {
    const { host, file } = use();
    const words = ['-i', '-e', 'WORD=hi', '-u', '1000:1000', '-w', '/srv', 'a', '--'];
    const script = 'cat; echo $WORD $(busybox id -u) $(busybox pwd)';
    const ran = await host.baleine(
      ['--file', file, 'exec', ...words, 'busybox', 'sh', '-c', `busybox ${script}`],
      { input: 'in\n' },
    );
    expect(ran.stdout).toBe('in\nhi 1000 /srv\n');
  });

  it('provides a terminal with -it only', async () => {
    const seen = await onTerminal(['exec', '-it', 'a', 'busybox', 'tty']);
    expect(seen.shown).toContain('/dev/pts/0\r\n');
    expect(seen.code).toBe(0);
    expect((await exec('a', 'busybox', 'tty')).stdout).toBe('not a tty\n');
    const ended = await onTerminal(['exec', '-it', 'a', 'busybox', 'sh'], 'exit 5\n');
    expect(ended.code).toBe(5);
  });
});

describe('ps', () => {
  it('shows what the kernel reports', async () => {
    const stack = use();
    const listed = JSON.parse(await stack.done('ps', '--json'));
    const [first] = listed;
    expect(listed.map(({ name }: { name: string }) => name)).toEqual(['a', 'talker']);
    expect(first).toMatchObject({
      image: 'box',
      status: 'running',
      pid: stack.pids('pair.a')[0],
      addresses: { front: '10.77.1.11' },
      limits: { memory: 64 * 2 ** 20 },
    });
    await stack.kill('pair.talker');
    const ended = async () => JSON.parse(await stack.done('ps', '--json'))[1];
    await expect.poll(ended).toMatchObject({ status: 'exited', exit_code: 137 });
    await stack.apply('--replace', 'container.talker');
  });
});

describe('plan and apply', () => {
  it('replace what --replace names, and nothing else', async () => {
    const stack = use();
    const before = stack.processes('pair.a', 'pair.talker');
    expect(headings(await stack.plan('--replace', 'container.talker'))).toEqual([
      'container.talker must be replaced (requested)',
    ]);
    await stack.apply('--replace', 'container.talker');
    const after = stack.processes('pair.a', 'pair.talker');
    expect(after['pair.a']).toBe(before['pair.a']);
    expect(after['pair.talker']).not.toBe(before['pair.talker']);
  });

  it('trust the state with --refresh=false', async () => {
    const stack = use();
    await stack.host.run('ip', [
      'link',
      'delete',
      vethLink(installPaths(stack.host.root), 'pair.a', 'front'),
    ]);
    expect(await stack.plan('--refresh=false')).toBe(NOTHING);
    expect(await stack.plan()).not.toBe(NOTHING);
    await stack.apply();
    await stack.answers('10.77.1.11', ['a']);
  });

  it('refuse another user than root', async () => {
    const { host, file } = use();
    const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--'];
    const words = [process.execPath, MAIN, '--root', host.root, '-f', file, 'apply', '-y'];
    const { code, stdout, stderr } = await host.run('setpriv', [...nobody, ...words], {
      reject: false,
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^Error: baleine must run as root\n {2}sudo baleine /);
  });
});

it(
  '--target includes what the target needs, and no more',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);
    const named = ['image.box', 'bridge.front', 'container.b'];
    expect(headings(await stack.plan('--target', 'container.b'))).toEqual(
      named.map((address) => `${address} will be created (new)`),
    );
    await stack.apply('--target', 'container.b');
    await stack.answers('10.77.1.12', ['b']);
    expect(stack.pids('pair.a')).toEqual([]);
    await stack.destroy('--target', 'container.b');
    expect(stack.pids('pair.b')).toEqual([]);
    expect(headings(await stack.plan('--destroy'))).toEqual([
      'bridge.front will be destroyed (asked to be destroyed)',
      'image.box will be destroyed (asked to be destroyed)',
    ]);
    await stack.destroy();
  }),
);

it(
  'a second apply names the running one and exits with 75, or waits',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);
    const words = ['--root', host.root, '--file', stack.file, 'apply', '-y', '--json'];
    const into = [`--target=${host.pid}`, '--mount', '--net', '--', process.execPath, MAIN];
    const first = spawn('nsenter', [...into, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(first, 'close');
    const lines: string[] = [];
    first.stdout.on('data', (text) => lines.push(...String(text).split('\n').filter(Boolean)));
    await expect.poll(() => lines.join()).toContain('"step-started"');

    const second = await stack.run('apply', '-y');
    const third = stack.run('apply', '-y', '--lock-timeout', '60s');
    expect({ code: second.code, stdout: second.stdout }).toEqual({ code: 75, stdout: '' });
    expect(second.stderr).toContain(`pid ${first.pid} (`);
    expect(second.stderr).toContain('apply -y --json');
    expect(await ended).toEqual([0, null]);
    expect(await third).toEqual({ code: 0, stdout: NOTHING, stderr: '' });
    await stack.destroy();
  }),
);
