import { readlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { usableRuntimes } from '../../support/runtimes.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { headings, NOTHING, SERVER, Stack } from './stack.js';

const OWNER = {
  ...SERVER,
  bridges: { front: { address: '10.77.1.11' } },
  hostname: 'owner',
  dns: ['10.77.1.1'],
  ipc: 'shareable',
};
const IDLER = { image: 'box', command: IDLE };

const file = (app: object, owner: object = OWNER, name = 'one') => ({
  name,
  images: { box: SMALL_IMAGE },
  bridges: { front: { subnet: '10.77.1.0/24', host: '10.77.1.1' } },
  containers: { app: { ...IDLER, ...app }, owner },
});

const namespace = (stack: Stack, id: string, type: string) =>
  readlinkSync(`/proc/${stack.pids(id)[0]}/ns/${type}`);

const inside = async (stack: Stack, ...words: string[]) =>
  (await stack.done('exec', 'app', '--', 'busybox', ...words)).trim();

describe.each(usableRuntimes())('%s', (runtime) => {
  it(
    'network_mode: service shares addresses and names, and restarts with another network',
    inPrivateHost(async (host) => {
      const app = { runtime, network_mode: 'service:owner', healthcheck: { tcp: 80 } };
      const stack = new Stack(host, file(app));
      await stack.apply('--wait');
      const same = () =>
        expect(namespace(stack, 'one.app', 'net')).toBe(namespace(stack, 'one.owner', 'net'));
      same();
      expect(await inside(stack, 'wget', '-qO-', 'http://127.0.0.1')).toBe('owner');
      expect(await inside(stack, 'hostname')).toBe('owner');
      expect(await inside(stack, 'cat', '/etc/hosts')).toContain('10.77.1.11 owner');
      expect(await inside(stack, 'cat', '/etc/resolv.conf')).toBe('nameserver 10.77.1.1');
      expect(await stack.plan()).toBe(NOTHING);

      const before = stack.processes('one.app');
      await stack.kill('one.owner');
      await stack.apply();
      same();
      expect(stack.processes('one.app'), 'the network stays').toEqual(before);

      stack.write(file(app, { ...OWNER, environment: { A: '1' } }));
      expect(headings(await stack.plan())).toEqual([
        'container.owner must be replaced (environment changed)',
        'container.app will be updated in-place (network namespace of owner was replaced)',
      ]);
      await stack.apply('--wait');
      same();
      expect(await inside(stack, 'wget', '-qO-', 'http://127.0.0.1')).toBe('owner');
      expect(await stack.plan()).toBe(NOTHING);
      await stack.destroy();
    }),
  );

  it(
    'pid: service shares processes and ends with the other one; nothing of it is left behind',
    inPrivateHost(async (host) => {
      const stack = new Stack(host, file({ runtime, pid: 'service:owner' }));
      await stack.apply();
      expect(namespace(stack, 'one.app', 'pid')).toBe(namespace(stack, 'one.owner', 'pid'));
      expect(await inside(stack, 'ps', '-o', 'args')).toContain('httpd -f -p 80');
      expect(await stack.plan()).toBe(NOTHING);

      // the shell of the first process has a child, which only its control group knows
      expect(stack.pids('one.app').length).toBe(2);
      await stack.kill('one.app');
      await stack.apply();
      expect(stack.pids('one.app').length).toBe(2);

      await stack.kill('one.owner');
      await expect.poll(() => stack.pids('one.app')).toEqual([]);
      await stack.apply();
      expect(namespace(stack, 'one.app', 'pid')).toBe(namespace(stack, 'one.owner', 'pid'));
      expect(await stack.plan()).toBe(NOTHING);
      await stack.done('restart', 'owner');
      expect(namespace(stack, 'one.app', 'pid')).toBe(namespace(stack, 'one.owner', 'pid'));
      expect(await stack.plan()).toBe(NOTHING);
      await stack.destroy();
    }),
  );

  it(
    'ipc: service shares /dev/shm; none has none',
    inPrivateHost(async (host) => {
      const stack = new Stack(host, file({ runtime, ipc: 'service:owner' }));
      await stack.apply();
      await inside(stack, 'touch', '/dev/shm/from-app');
      const listed = await stack.done('exec', 'owner', '--', 'busybox', 'ls', '/dev/shm');
      expect(listed).toBe('from-app\n');
      expect(namespace(stack, 'one.app', 'ipc')).toBe(namespace(stack, 'one.owner', 'ipc'));
      await stack.kill('one.owner');
      expect(headings(await stack.plan())).toEqual([
        expect.stringContaining('container.owner will be updated'),
        'container.app will be updated in-place (ipc namespace of owner was replaced)',
      ]);
      await stack.apply();
      expect(namespace(stack, 'one.app', 'ipc')).toBe(namespace(stack, 'one.owner', 'ipc'));
      expect(await inside(stack, 'ls', '/dev/shm')).toBe('');
      stack.write(file({ runtime, ipc: 'none' }));
      await stack.apply();
      expect(await inside(stack, 'grep', '-c', '/dev/shm', '/proc/mounts').catch(() => '0')).toBe(
        '0',
      );
      await stack.destroy();
    }),
  );
});

it(
  'container: shares with another stack; run --network does so once',
  inPrivateHost(async (host) => {
    const { app: _app, ...rest } = file({}).containers;
    const other = new Stack(host, { ...file({}), name: 'two', containers: rest }, 'two.yaml');
    const own = { name: 'one', images: { mine: SMALL_IMAGE } };
    const shared = { image: 'mine', command: IDLE, network_mode: 'container:owner' };
    const stack = new Stack(host, { ...own, containers: { app: shared } });
    const refused = await stack.run('plan');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/:\d+:\d+: container app cannot share the network of owner/);
    await other.apply();
    await stack.apply();
    expect(await inside(stack, 'wget', '-qO-', 'http://127.0.0.1')).toBe('owner');
    await other.apply('--replace', 'container.owner');
    expect(headings(await stack.plan())).toEqual([
      'container.app will be updated in-place (network namespace of owner was replaced)',
    ]);
    await stack.apply();
    expect(await inside(stack, 'wget', '-qO-', 'http://127.0.0.1')).toBe('owner');
    const words = ['busybox', 'wget', '-qO-', 'http://127.0.0.1'];
    const once = await host.baleine(
      ['run', '--network', 'container:owner', 'mine', '--', ...words],
      {
        reject: false,
      },
    );
    expect(once).toMatchObject({ code: 0, stdout: 'owner\n' });
    await stack.destroy();
    await other.destroy();
  }),
);
