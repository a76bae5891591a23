import { describe, expect, it } from 'vitest';
import { capabilitiesIn } from '../../../../src/host/linux/runtime/capabilities.js';
import {
  type BundleContext,
  configJson,
  type ProcessSpec,
} from '../../../../src/host/linux/runtime/config-json.js';
import { hardLimitsIn } from '../../../../src/host/linux/runtime/host-facts.js';

const plain: ProcessSpec = {
  args: ['/bin/x', 'a b'],
  environment: {},
  working_dir: '/srv',
  hostname: 'web',
  mounts: [],
  limits: { pids: 2048 },
  security: 'default',
  cap_add: [],
  cap_drop: [],
  read_only: false,
  tmpfs: [],
  sysctls: {},
  ulimits: {},
};
const filter = {
  defaultAction: 'SCMP_ACT_ERRNO',
  defaultErrnoRet: 1,
  architectures: [],
  syscalls: [],
};
const ground: BundleContext = {
  rootfs: '/run/x/rootfs',
  cgroup: '/baleine/tag/shop.web',
  netns: '/run/netns/n',
  files: { '/etc/hosts': { source: '/hosts', executable: true } },
  user: { uid: 0, gid: 0, additionalGids: [], home: '/root' },
  host: {
    capabilities: capabilitiesIn('1ffffffffff'),
    hardLimits: { nofile: 20000, memlock: Number.POSITIVE_INFINITY },
    oomScoreAdj: -500,
    thermal: ['/sys/t'],
    swapLimit: true,
  },
  seccomp: () => filter,
};
const config = (more: Partial<ProcessSpec> = {}, on: Partial<BundleContext> = {}) =>
  configJson({ ...plain, ...more }, { ...ground, ...on });
const at = (path: string, more: Partial<ProcessSpec> = {}) =>
  config(more).mounts.find(({ destination }) => destination === path);

describe('configJson', () => {
  it('names the handler of a WebAssembly module beside other annotations', () => {
    const { annotations, process } = config({ wasm: 'wasmedge', annotations: { team: 'shop' } });
    expect(annotations).toEqual({ team: 'shop', 'run.oci.handler': 'wasmedge' });
    expect(process.args).toEqual(['/bin/x', 'a b']);
    expect(config({ wasm: true }).annotations).toEqual({ 'run.oci.handler': 'wasm' });
    expect(config().annotations).toBeUndefined();
  });

  it('has the security defaults', () => {
    const { process, linux, root, hostname } = config();
    expect({ root, hostname }).toEqual({
      root: { path: '/run/x/rootfs', readonly: false },
      hostname: 'web',
    });
    expect(process).toMatchObject({
      args: ['/bin/x', 'a b'],
      cwd: '/srv',
      terminal: false,
      noNewPrivileges: true,
      oomScoreAdj: 0,
      user: { uid: 0, gid: 0, additionalGids: [] },
      rlimits: [
        { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
        { type: 'RLIMIT_NOFILE', soft: 1024, hard: 20000 },
      ],
    });
    const { bounding, permitted, effective, inheritable, ambient } = process.capabilities;
    expect([bounding.length, permitted, effective, inheritable, ambient]).toEqual([
      11,
      bounding,
      bounding,
      [],
      [],
    ]);
    expect(linux.seccomp).toBe(filter);
    expect(linux.cgroupsPath).toBe('/baleine/tag/shop.web');
    expect(linux.resources.pids).toEqual({ limit: 2048 });
    expect(linux.resources.devices[0]).toEqual({ allow: false, access: 'rwm' });
    expect(
      linux.resources.devices
        .slice(1)
        .map(({ type, major, minor }) => `${type} ${major}:${minor ?? '*'}`),
    ).toEqual(['c 1:3', 'c 1:5', 'c 1:7', 'c 1:8', 'c 1:9', 'c 5:0', 'c 5:2', 'c 136:*']);
    expect(linux.maskedPaths).toEqual(
      expect.arrayContaining([
        '/proc/kcore',
        '/proc/keys',
        '/proc/timer_stats',
        '/sys/firmware',
        '/sys/t',
      ]),
    );
    expect(linux.maskedPaths).toHaveLength(14);
    expect(linux.readonlyPaths).toEqual([
      '/proc/bus',
      '/proc/fs',
      '/proc/irq',
      '/proc/sys',
      '/proc/sysrq-trigger',
    ]);
    expect(linux.namespaces).toEqual([
      ...['pid', 'ipc', 'uts', 'mount', 'cgroup'].map((type) => ({ type })),
      { type: 'network', path: '/run/netns/n' },
    ]);
  });

  it('joins an existing user namespace, on an idmapped disk', () => {
    const ids = { first: 1_879_048_192, count: 65_536 };
    const userns = { ids, path: '/run/stage/user', root: '/run/stage/rootfs' };
    const { root, linux } = configJson(plain, { ...ground, userns });
    expect(root.path).toBe('/run/stage/rootfs');
    expect(linux.namespaces).toContainEqual({ type: 'user', path: '/run/stage/user' });
    expect(linux.uidMappings).toEqual([{ containerID: 0, hostID: ids.first, size: ids.count }]);
    expect(linux.gidMappings).toEqual(linux.uidMappings);
  });

  it('has its own /dev, and restricted /proc and /sys', () => {
    expect(at('/dev')).toMatchObject({
      type: 'tmpfs',
      options: expect.arrayContaining(['nosuid', 'mode=755', 'size=64m']),
    });
    for (const path of ['/proc', '/dev/shm', '/dev/mqueue', '/sys', '/sys/fs/cgroup']) {
      expect(at(path)?.options).toEqual(expect.arrayContaining(['nosuid', 'noexec', 'nodev']));
    }
    expect(at('/sys')?.options).toContain('ro');
    expect(at('/sys/fs/cgroup')?.options).toContain('ro');
    expect(at('/etc/hosts')).toMatchObject({
      source: '/hosts',
      options: ['bind', 'rprivate', 'nosuid', 'nodev', 'ro'],
    });
  });

  it('mounts parents before children, and the user’s mounts over ours', () => {
    const mounts = [
      { source: '/v/deep', target: '/data/deep/', read_only: true },
      { source: '/v', target: '/data', read_only: false },
      { source: '/mine', target: '/etc/hosts', read_only: true },
    ];
    const { mounts: all } = config({ mounts, tmpfs: ['/run:size=1m'], read_only: true });
    expect(
      all
        .slice(7)
        .map(({ destination, source, options }) => `${destination} ${source} ${options.at(-1)}`),
    ).toEqual([
      '/tmp tmpfs mode=1777',
      '/run tmpfs size=1m',
      '/data /v rw',
      '/etc/hosts /mine ro',
      '/data/deep /v/deep ro',
    ]);
  });

  it('drops only filter and masks for an unconfined container', () => {
    const { linux, process } = config({ security: 'unconfined' }, { seccomp: () => undefined });
    expect([linux.seccomp, linux.maskedPaths, linux.readonlyPaths]).toEqual([undefined, [], []]);
    expect(process.noNewPrivileges).toBe(true);
    expect(process.capabilities.bounding).toHaveLength(11);
    expect(linux.resources.devices[0]?.allow).toBe(false);
  });

  it('lets a restricted container be anyone but root', () => {
    expect(() => config({ security: 'restricted' })).toThrow(/cannot run as root/);
    const user = { uid: 1, gid: 0, additionalGids: [], home: '/' };
    expect(config({ security: 'restricted' }, { user }).process.capabilities.bounding).toEqual([
      'CAP_NET_BIND_SERVICE',
    ]);
  });

  it('sets PATH, HOSTNAME and HOME by default', () => {
    expect(config({ environment: { HOME: '/x', A: 'b=c' } }).process.env).toEqual([
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'HOSTNAME=web',
      'HOME=/x',
      'A=b=c',
    ]);
  });

  it('limits memory with swap, where supported, and CPU per 100 ms', () => {
    const limits = { memory: 1000, cpus: 0.25, cpu_shares: 2, cpuset: '0-1', pids: 5 };
    expect(config({ limits }).linux.resources).toMatchObject({
      memory: { limit: 1000, swap: 1000 },
      cpu: { quota: 25000, period: 100000, shares: 2, cpus: '0-1' },
      pids: { limit: 5 },
    });
    const host = { ...ground.host, swapLimit: false };
    expect(configJson({ ...plain, limits }, { ...ground, host }).linux.resources.memory).toEqual({
      limit: 1000,
    });
  });

  it('clamps ulimits to our own', () => {
    const ulimits = { nofile: { soft: -1, hard: 50000 }, memlock: { soft: -1, hard: -1 } };
    expect(config({ ulimits }).process.rlimits).toEqual([
      { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
      { type: 'RLIMIT_MEMLOCK', soft: Number.MAX_SAFE_INTEGER, hard: Number.MAX_SAFE_INTEGER },
      { type: 'RLIMIT_NOFILE', soft: 20000, hard: 20000 },
    ]);
  });

  it('keeps a positive out-of-memory score', () => {
    const host = { ...ground.host, oomScoreAdj: 300 };
    expect(config({}, { host }).process.oomScoreAdj).toBe(300);
  });

  it('sets the container’s sysctls only', () => {
    const sysctls = { 'net.core.somaxconn': '1024', 'kernel.shmmax': '1' };
    expect(config({ sysctls }).linux.sysctl).toEqual({
      'net.ipv4.ip_unprivileged_port_start': '0',
      'net.ipv4.ping_group_range': '0 2147483647',
      ...sysctls,
    });
    const own = { 'net.ipv4.ip_unprivileged_port_start': '1024' };
    expect(config({ sysctls: own }).linux.sysctl).toMatchObject(own);
    for (const name of [
      'kernel.panic',
      'vm.swappiness',
      'net.x/../../kernel.panic',
      'kernel/panic',
    ]) {
      expect(() => config({ sysctls: { [name]: '1' } })).toThrow(`cannot set sysctl ${name}`);
    }
  });
});

describe('hardLimitsIn', () => {
  it('reads /proc/PID/limits', () => {
    const text =
      'Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1024                 20000                files     \nMax stack size            8388608              unlimited            bytes     \n';
    expect(hardLimitsIn(text)).toEqual({ nofile: 20000, stack: Number.POSITIVE_INFINITY });
  });
});
