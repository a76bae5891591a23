import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { usableRuntimes } from '../../support/runtimes.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { appliedStack, NOTHING, type Stack } from './stack.js';

/** Leaves a child without a parent, and then does nothing, and never waits for it. */
const FORGETS = [
  'busybox',
  'sh',
  '-c',
  'busybox sh -c "busybox sleep 0.1 & exit 0"; exec busybox sleep 3600',
];

const box = (more: object) => ({
  image: 'box',
  command: IDLE,
  stop_grace_period: '30s',
  ...more,
});

/** What its first process gets. */
const EQUIPPED = {
  // keeps its shell until its standard input ends
  command: ['busybox', 'sh', '-c', 'busybox tty; busybox cat'],
  tty: true,
  stdin_open: true,
  shm_size: '1M',
  group_add: [44, 'video'],
  ulimits: { nofile: { soft: 100, hard: -1 }, core: -1 },
  sysctls: ['net.core.somaxconn=77'],
  cap_drop: ['all'],
  cap_add: ['net_raw'],
  stop_signal: 'SIGKILL',
};

/** Who it is, and whom it asks. */
const NAMED = {
  hostname: 'n_1',
  domainname: 'example.com',
  dns: '10.77.1.1',
  dns_search: ['a.example.com', 'example.com'],
  dns_opt: ['ndots:2', 'timeout:1'],
};

const MB = 1024 ** 2;

/** Limit, reservation, limit with swap and swappiness of a container, by its cgroup of version 1. */
function memoryOf(stack: Stack): number[] {
  const folder = stack
    .groups('compose.bounded')
    .find((each) => existsSync(join(each, 'memory.limit_in_bytes')));
  const names = ['limit_in_bytes', 'soft_limit_in_bytes', 'memsw.limit_in_bytes', 'swappiness'];
  return names.map((each) => Number(readFileSync(join(folder ?? '', `memory.${each}`), 'utf8')));
}

const inside = (stack: Stack, name: string, script: string) =>
  stack.done('exec', name, '--', 'busybox', 'sh', '-c', script);

/** Processes that have ended and that their parent has not waited for. */
const zombies = async (stack: Stack, name: string) =>
  (await inside(stack, name, 'busybox grep -h ^State: /proc/[0-9]*/status')).match(/\tZ /g)?.length;

describe.each(usableRuntimes())('under %s', (runtime) => {
  const containers = {
    init: box({ command: FORGETS, init: true }),
    'init-userns': box({
      command: FORGETS,
      init: true,
      userns: 'auto',
      read_only: true,
      domainname: 'a.b',
    }),
    equipped: box(EQUIPPED),
    bounded: box({
      limits: {
        memory: '32M',
        memory_reservation: '16M',
        memory_swap: '48M',
        memory_swappiness: 10,
      },
    }),
    piped: box({ command: ['busybox', 'cat'], stdin_open: true, stop_signal: 'SIGKILL' }),
    bare: box({ command: FORGETS, stop_signal: 'SIGKILL' }),
    named: box({ ...NAMED, bridges: ['front'], extra_hosts: ['host:host-gateway', 'a:10.0.0.1'] }),
  };
  const words = {
    name: 'compose',
    images: { box: { ...SMALL_IMAGE, copy: [{ from: './group', to: '/etc/group' }] } },
    bridges: { front: { subnet: '10.77.1.0/24', host: '10.77.1.1' } },
    containers: Object.fromEntries(
      Object.entries(containers).map(([name, each]) => [name, { ...each, runtime }]),
    ),
  };
  const use = appliedStack(words, { group: 'root:x:0:\nvideo:x:4242:\n' });

  it('leaves nothing to change', async () => {
    expect(await use().plan()).toBe(NOTHING);
  });

  it.each(['init', 'init-userns'])(
    '%s reaps orphans and passes the stop signal on',
    async (name) => {
      await expect.poll(() => zombies(use(), 'bare')).toBe(1);
      expect(await zombies(use(), name)).toBe(undefined);
      expect(use().pids(`compose.${name}`)).toHaveLength(2);
      expect(await inside(use(), name, 'busybox tr "\\0" " " </proc/1/cmdline')).toMatch(
        /^\/dev\/init -- busybox sh -c /,
      );
      // process 1 without an init is never sent a signal that it has no handler for
      const since = Date.now();
      await use().done('stop', name);
      expect(Date.now() - since).toBeLessThan(15_000);
      await use().done('start', name);
    },
  );

  it('names, name servers and host names are as the file says', async () => {
    const files = 'busybox cat /proc/sys/kernel/domainname /etc/hostname /etc/resolv.conf';
    expect((await inside(use(), 'named', files)).split('\n')).toEqual([
      ...['example.com', 'n_1', 'nameserver 10.77.1.1', 'search a.example.com example.com'],
      ...['options ndots:2 timeout:1', ''],
    ]);
    const hosts = (name: string) => inside(use(), name, 'busybox cat /etc/hosts /etc/resolv.conf');
    expect((await hosts('named')).split('\n').slice(2, 5)).toEqual([
      expect.stringMatching(/^10\.77\.1\.\d+ n_1\.example\.com n_1 named$/),
      ...['10.77.1.1 host', '10.0.0.1 a'],
    ]);
    expect((await hosts('init-userns')).split('\n').slice(2)).toEqual(
      expect.arrayContaining(['127.0.1.1 init-userns.a.b init-userns', 'search a.b']),
    );
  });

  it('a changed extra_hosts reaches the running container', async () => {
    const { named } = words.containers;
    const before = use().processes('compose.named');
    const edited = { ...named, extra_hosts: { a: '10.0.0.2' } };
    use().write({ ...words, containers: { ...words.containers, named: edited } });
    expect(await use().apply()).toContain('extra_hosts');
    expect(use().processes('compose.named')).toEqual(before);
    const lines = await inside(use(), 'named', 'busybox grep 10.0.0 /etc/hosts');
    expect(lines).toBe('10.0.0.2 a\n');
    use().write(words);
    await use().apply();
  });

  it('its first process has what the file gives it, and standard input that stays open', async () => {
    const script = [
      'busybox df -k /dev/shm | busybox tail -n 1',
      'busybox grep -E "^(Groups|CapBnd):" /proc/1/status',
      'busybox cat /proc/sys/net/core/somaxconn',
      'busybox grep -E "Max (open|core)" /proc/1/limits',
    ];
    const lines = (await inside(use(), 'equipped', script.join(';'))).trimEnd().split('\n');
    expect(lines.map((each) => each.trim().replace(/\s+/g, ' '))).toEqual([
      expect.stringMatching(/^shm 1024 /),
      'Groups: 0 44 4242',
      'CapBnd: 0000000000002000',
      '77',
      expect.stringMatching(/^Max core file size 9007199254740991 9007199254740991 /),
      expect.stringMatching(/^Max open files 100 [1-9]\d{3,} /),
    ]);
    const log = async () => (await use().done('logs', 'equipped')).trim();
    await expect.poll(log).toMatch(/\/dev\/(pts\/\d+|console)/);
    expect(use().pids('compose.piped')).toHaveLength(1);
  });

  it('limits of memory are in the kernel, and change while it runs', async () => {
    const { bounded } = words.containers;
    const before = use().processes('compose.bounded');
    expect(memoryOf(use())).toEqual([32 * MB, 16 * MB, 48 * MB, 10]);
    const limits = { memory: '16M', memory_reservation: '8M', memory_swap: '64M' };
    use().write({
      ...words,
      containers: { ...words.containers, bounded: { ...bounded, limits } },
    });
    await use().apply();
    expect(memoryOf(use()).slice(0, 3)).toEqual([16 * MB, 8 * MB, 64 * MB]);
    expect(memoryOf(use())[3]).not.toBe(10);
    expect(use().processes('compose.bounded')).toEqual(before);
    expect(await use().plan()).toBe(NOTHING);
    use().write(words);
    await use().apply();
    expect(memoryOf(use())).toEqual([32 * MB, 16 * MB, 48 * MB, 10]);
  });
});
