import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MAIN } from '../../support/private-host.js';
import { SMALL_IMAGE } from '../../support/small-image.js';
import { appliedStack } from './stack.js';

const talk = (script: string) => ({
  image: 'box',
  command: ['busybox', 'sh', '-c', `trap 'exit 0' TERM; ${script}; while :; do sleep 0.1; done`],
  restart: 'no',
  heal: 'cron',
});
const SPEAKERS = {
  name: 'speak',
  images: { box: SMALL_IMAGE },
  containers: {
    a: talk('echo a1; busybox sleep 0.6; echo a2'),
    worker: { ...talk('busybox sleep 0.3; echo "I am $HOSTNAME"'), replicas: 2 },
  },
};
const use = appliedStack(SPEAKERS);

/** Follows in the background; `text` is what it has printed so far. */
function following(...args: string[]) {
  const { host, file } = use();
  const into = ['--target', `${host.pid}`, '--mount', '--net', `--wdns=${host.dir}`, '--'];
  const line = [process.execPath, MAIN, '--root', host.root, '--file', file, 'logs', ...args];
  const child = spawn('nsenter', [...into, ...line], { stdio: ['ignore', 'pipe', 'inherit'] });
  const seen = { text: '' };
  child.stdout.on('data', (data: Buffer) => {
    seen.text += data;
  });
  const ended = once(child, 'exit').then(([code]) => code as number);
  return { seen, ended, stop: () => child.kill() };
}

describe('logs of several containers', () => {
  it('prefixes each line, ordered by time', async () => {
    const stack = use();
    await expect.poll(() => stack.done('logs')).toContain('a2');
    expect((await stack.done('logs')).split('\n').map((line) => line.slice(0, 13))).toEqual([
      'a        | a1',
      expect.stringMatching(/^worker-[12] | I/),
      expect.stringMatching(/^worker-[12] | I/),
      'a        | a2',
      '',
    ]);
    expect(await stack.done('logs', '--no-log-prefix', 'a', 'worker-2')).toMatch(
      /^a1\nI am .*\na2\n$/,
    );
    expect(await stack.done('logs', 'a')).toBe('a1\na2\n');
  });

  it('takes a service for all its replicas', async () => {
    const stack = use();
    const shown = (await stack.done('logs', 'worker', '-n', '1')).split('\n').sort();
    expect(shown.map((line) => line.slice(0, 12))).toEqual(['', 'worker-1 | I', 'worker-2 | I']);
    const { code, stderr } = await stack.run('logs', 'a', 'nobody');
    expect(code).toBe(1);
    expect(stderr).toContain('cannot show the log of container nobody: there is none of that name');
  });

  it('shows a period only', async () => {
    const stack = use();
    const [first, second] = (await stack.done('logs', '-t', 'a'))
      .split('\n')
      .map((line) => line.split(' ')[0] as string);
    expect(await stack.done('logs', 'a', '--until', first as string)).toBe('a1\n');
    expect(await stack.done('logs', 'a', '--since', second as string)).toBe('a2\n');
    expect(await stack.done('logs', 'a', '--since', '1h', '-n', 'all')).toBe('a1\na2\n');
    expect(await stack.done('logs', 'a', '--since', '0s')).toBe('');
  });

  it('prints JSON that names the container', async () => {
    const [line] = (await use().done('logs', 'a', '--json')).split('\n');
    expect(JSON.parse(line as string)).toMatchObject({
      container: 'a',
      stream: 'stdout',
      text: 'a1',
    });
  });

  it('follows containers that are restarted, replaced and added, until none runs', async () => {
    const stack = use();
    const { seen, ended, stop } = following('-f', '-n', '0');
    try {
      await sleep(2500);
      await stack.done('restart', 'a');
      await expect.poll(() => seen.text, { timeout: 30_000 }).toContain('a        | a1');
      const more = { ...SPEAKERS.containers, late: talk('echo hello') };
      stack.write({ ...SPEAKERS, containers: more });
      await stack.apply('--replace', 'container.worker-2');
      await expect.poll(() => seen.text, { timeout: 30_000 }).toContain('late     | hello');
      await expect.poll(() => seen.text, { timeout: 30_000 }).toContain('worker-2 | I am');
      await stack.done('stop');
      expect(await ended).toBe(0);
    } finally {
      stop();
    }
    stack.write(SPEAKERS);
    await stack.apply();
  });

  it('finds a container from a folder without a file', async () => {
    const { host } = use();
    const from = (...args: string[]) => host.baleine(args, { cwd: '/', reject: false });
    expect((await from('logs', 'a')).stdout).toMatch(/^a1\n/);
    expect((await from('logs', 'nobody')).stderr).toContain(
      'cannot find container nobody: there is no baleine.yaml here, and no stack has it',
    );
  });
});
