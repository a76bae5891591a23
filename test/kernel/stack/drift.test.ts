import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  bridgeLink,
  diskFile,
  hostsCopy,
  imageFile,
  installPaths,
  netnsName,
  rootfsDir,
  vethLink,
  volumeDir,
} from '../../../src/model/install-paths.js';
import { appliedStack, headings, NOTHING, PAIR, parentOf } from './stack.js';

const MiB = 2 ** 20;
const use = appliedStack(PAIR);
const paths = () => installPaths(use().host.root);
const run = (program: string, ...args: string[]) => use().host.run(program, args);
const first = (id: string) => use().pids(id)[0] ?? 0;

interface Addressed {
  addr_info?: object[];
}

const front = () => bridgeLink(paths(), 'pair', 'front');
const useIpv6 = (link: string) =>
  run('sh', '-c', 'echo 0 >"/proc/sys/net/ipv6/conf/$0/disable_ipv6"', link);

const other = () => join(use().host.dir, 'other.img');

interface Drift {
  /** Makes the change on the host. */
  change: () => unknown;
  /** The expected headings of the plan, in order, with the reasons. */
  headings: (string | RegExp)[];
  /** Containers that get a new process in the repair. */
  restarted?: string[];
  /** An additional check of the repair, besides an empty plan and two servers that answer. */
  check?: () => Promise<void>;
}

const DRIFTS: Record<string, Drift> = {
  'a killed process': {
    change: () => process.kill(first('pair.a'), 'SIGKILL'),
    headings: [/^container\.a will be updated in-place \(process \d+ ended with 137 SIGKILL\)$/],
    restarted: ['pair.a'],
  },
  'a killed monitor': {
    change: () => process.kill(parentOf(first('pair.a')), 'SIGKILL'),
    headings: [/^container\.a will be updated in-place \(its monitor, process \d+, is gone\)$/],
    restarted: ['pair.a'],
  },
  'a deleted veth': {
    change: () => run('ip', 'link', 'delete', vethLink(paths(), 'pair.a', 'front')),
    headings: ['container.a will be updated in-place (veth missing from bridge front)'],
  },
  'a deleted bridge': {
    change: () => run('ip', 'link', 'delete', bridgeLink(paths(), 'pair', 'front')),
    headings: [
      'bridge.front will be created (lost: it is gone from the host)',
      'container.a will be updated in-place (veth has left bridge front)',
      'container.b will be updated in-place (veth has left bridge front)',
    ],
  },
  'a bridge that is on IPv6 again': {
    change: () => useIpv6(front()),
    headings: ['bridge.front will be updated in-place (the host has an IPv6 address on it)'],
    check: async () => {
      const [seen] = await use().host.ip<Addressed>('-6', 'address', 'show', 'dev', front());
      expect(seen?.addr_info ?? []).toEqual([]);
    },
  },
  'another file in the place of a disk': {
    change: async () => {
      const disk = diskFile(paths(), 'pair.a');
      // the copy of a mounted file system needs its journal replayed
      const repair = 'e2fsck -fy "$1" || [ $? = 1 ]';
      await run(
        'sh',
        '-ec',
        `cp "$0" "$1"; ${repair}; debugfs -wR "mkdir restored" "$1"`,
        disk,
        other(),
      );
      await run('mv', other(), disk);
    },
    headings: [
      'container.a will be updated in-place (disk file was replaced, and it runs on the one before)',
    ],
    restarted: ['pair.a'],
    check: async () => {
      await use().done('exec', 'a', '--', 'busybox', 'test', '-d', '/restored');
    },
  },
  'a deleted network namespace': {
    change: () => run('ip', 'netns', 'delete', netnsName(paths(), 'pair.a')),
    headings: ['container.a will be updated in-place (network namespace is gone)'],
    restarted: ['pair.a'],
    check: async () => {
      const { stdout } = await run('ip', 'netns', 'pids', netnsName(paths(), 'pair.a'));
      expect(stdout.split('\n')).toContain(String(first('pair.a')));
    },
  },
  'a disk unmounted lazily': {
    change: () => run('umount', '--lazy', rootfsDir(paths(), 'pair.a')),
    headings: ['container.a will be updated in-place (disk is not mounted)'],
    check: async () => {
      // both mounts must share one loop device: with two, their writes to the same file would conflict
      await run('busybox', 'touch', join(rootfsDir(paths(), 'pair.a'), 'from-outside'));
      await use().done('exec', 'a', '--', 'busybox', 'stat', '/from-outside');
    },
  },
  'a deleted disk': {
    change: () => run('rm', diskFile(paths(), 'pair.a')),
    headings: ['container.a must be replaced (disk file is gone)'],
    restarted: ['pair.a'],
  },
  'a deleted image': {
    change: () => run('rm', imageFile(paths(), 'pair.box')),
    headings: ['image.box will be created (lost: it is gone from the host)'],
  },
  'a deleted volume': {
    change: () => run('rm', '-r', volumeDir(paths(), 'pair', 'data')),
    headings: [
      'volume.data will be created (lost: it is gone from the host, seeded from /data of image box)',
      'container.a will be updated in-place (what is mounted at /data was deleted)',
    ],
    restarted: ['pair.a'],
    check: async () => {
      await use().done('exec', 'a', '--', 'busybox', 'touch', '/data/from-inside');
      await run('stat', join(volumeDir(paths(), 'pair', 'data'), 'from-inside'));
    },
  },
  'a memory limit changed in the kernel': {
    change: () =>
      use()
        .memory('pair.a')
        .write(32 * MiB),
    headings: ['container.a will be updated in-place (limits.memory was changed on the host)'],
    check: async () => expect(use().memory('pair.a').read()).toBe(64 * MiB),
  },
  'edited names of peers': {
    change: () => run('sh', '-c', 'echo 10.9.9.9 b >> "$0"', hostsCopy(paths(), 'pair.a')),
    headings: [/^hosts\.front-\w+ will have its derived files refreshed \(changed on the host\)$/],
    check: async () => {
      const hosts = await use().done('exec', 'a', '--', 'busybox', 'cat', '/etc/hosts');
      expect(hosts).toMatch(/^10\.77\.1\.12\s+b$/m);
      expect(hosts).not.toContain('10.9.9.9');
    },
  },
};

it.each(Object.entries(DRIFTS))(
  'reports %s with its reason; one apply repairs it, and nothing else',
  async (_, { change, headings: expected, restarted = [], check }) => {
    const stack = use();
    const before = stack.processes('pair.a', 'pair.b');
    const loops = await loopsNow();
    await stack.fillCaches();
    await change();

    const planned = await stack.plan();
    expect(headings(planned)).toEqual(
      expected.map((each) => (typeof each === 'string' ? each : expect.stringMatching(each))),
    );
    expect(planned).toContain('Changes outside baleine were found:\n');
    expect(planned).not.toContain('baleine will perform the following actions:');

    await stack.apply();
    expect(await stack.plan()).toBe(NOTHING);
    const after = stack.processes('pair.a', 'pair.b');
    const changed = Object.keys(after).filter((id) => after[id] !== before[id]);
    expect(changed).toEqual(restarted);
    await stack.answers('10.77.1.11', ['a']);
    await stack.answers('10.77.1.12', ['b']);
    await check?.();
    await expect.poll(loopsNow).toEqual(loops);
  },
);

it('reports a truncated disk, keeps the container running, and makes a new disk on request', async () => {
  const stack = use();
  await stack.fillCaches();
  const before = stack.processes('pair.a', 'pair.b');
  await run('truncate', '--size=1M', diskFile(paths(), 'pair.a'));
  const { code, stdout } = await stack.run('plan', '--detailed-exitcode');
  expect({ code, headings: headings(stdout) }).toEqual({
    code: 2,
    headings: [
      expect.stringMatching(
        /^container\.a will be updated in-place \(disk file was cut short: it has 1048576 of \d+ bytes\)$/,
      ),
    ],
  });
  const refused = await stack.run('apply', '-y');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/it has \d+ bytes, its file system needs \d+/);
  expect(refused.stderr).toContain('--replace container.<name>');
  expect(stack.processes('pair.a', 'pair.b')).toEqual(before);
  await stack.apply('--replace', 'container.a');
  expect(await stack.plan()).toBe(NOTHING);
  await stack.answers('10.77.1.11', ['a']);
});

/** Backing files of the stack's loop devices. */
async function loopsNow(): Promise<string[]> {
  const now = await use().host.snapshot();
  return Object.keys(now)
    .filter((name) => name.startsWith('loop '))
    .map((name) => now[name] ?? '')
    .sort();
}
