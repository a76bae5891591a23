import { describe, expect, it } from 'vitest';
import type { Preconditions } from '../../src/host/ports.js';
import { resourceFromRow } from '../../src/model/resource.js';
import { MemoryStack } from '../support/memory-stack.js';
import { preflight } from '../support/preflight.js';

const file = (container: string, more = '') => `name: one
images: { base: { size: 64M, from: { host: { binaries: [/bin/busybox] } }, command: [busybox] } }
containers:
  web: { image: base${container} }
  other: { image: base }
${more}`;

/** A host that has everything. */
const host = (more: Partial<Preconditions> = {}): Preconditions => ({
  isBlockDevice: () => true,
  labelProblem: () => undefined,
  controller: () => 1,
  memoryFileProblem: () => undefined,
  bindSourceProblem: () => undefined,
  newFolderProblem: () => undefined,
  securityProblem: () => undefined,
  sysctlProblem: () => undefined,
  runtimeProblem: () => undefined,
  wasmProblem: () => undefined,
  initProblem: () => undefined,
  unreclaimable: () => undefined,
  uplinkProblem: () => undefined,
  subnetProblem: () => undefined,
  subnet6Problem: () => undefined,
  forwards6: () => false,
  ipv6Problem: () => undefined,
  egressProblem: () => undefined,
  volumeSizeProblem: () => undefined,
  backupProblems: () => [],
  udpForwarderProblem: () => undefined,
  resolverProblem: () => undefined,
  lease: () => 'no DHCP server answers',
  forwards: () => false,
  ...more,
});

const where = (_: unknown, at: readonly (string | number)[]) => at.join('.');

function checked(stack: MemoryStack, text: string, lacking: Partial<Preconditions>) {
  const { resources } = stack.desired(text);
  const { rows, paths } = stack;
  return preflight(stack.plan(text), host(lacking), { resources, rows, paths, where });
}

const gone = (path: string) => `bind source ${path} does not exist`;

describe('what the file declares', () => {
  const cases: [string, Partial<Preconditions>, string][] = [
    [
      ', volumes: [/a:/a, /b:/b]',
      { bindSourceProblem: (path) => (path === '/b' ? gone(path) : undefined) },
      'volumes.1: bind source /b does not exist',
    ],
    [', seccomp: unconfined', { securityProblem: ({ seccomp }) => seccomp && 'no' }, 'seccomp: no'],
    [
      ', cap_add: [SYS_TIME]',
      { securityProblem: ({ cap_add }) => cap_add[0] },
      'security: CAP_SYS_TIME',
    ],
    [
      ', sysctls: { net.x: "1" }',
      { sysctlProblem: (name, value) => `${name}=${value}` },
      'sysctls.net.x: net.x=1',
    ],
    [', init: true', { initProblem: () => 'no init' }, 'init: no init'],
    [', runtime: kata', { runtimeProblem: (name) => `no ${name}` }, 'runtime: no kata'],
    [
      ', wasm: wasmedge',
      { wasmProblem: (runtime, engine) => `${runtime} has no ${engine}` },
      'wasm: crun has no wasmedge',
    ],
    [', apparmor: strict', { labelProblem: (kind) => `no ${kind}` }, 'apparmor: no apparmor'],
    [
      ', limits: { io: [{ device: /dev/vdz, read_bps: 1M }] }',
      { isBlockDevice: () => false },
      'limits.io.0: /dev/vdz is not a block device of this host',
    ],
    [
      `, environment: { BIG: ${'x'.repeat(131_072)} }`,
      {},
      'environment.BIG: variable BIG has 131076 bytes: the kernel takes 131071 at most',
    ],
    [
      `, command: [a, ${'x'.repeat(131_072)}]`,
      {},
      'command: argument 1 has 131072 bytes: the kernel takes 131071 at most',
    ],
  ];

  it.each(cases)('is rejected as a whole: %.50s', async (container, lacking, said) => {
    const stack = new MemoryStack();
    expect(() => checked(stack, file(container), lacking)).toThrow(
      new RegExp(`^${said.replace(/[.$]/g, '.')}$`),
    );
    await stack.apply(file(''));
    expect(() => checked(stack, file(container), lacking)).toThrow(said);
  });

  it('is rejected without the program of a resolver', () => {
    const text = file('').replace(
      'containers:',
      'bridges: { lan: { subnet: 10.0.0.0/24, dns: true } }\ncontainers:',
    );
    const lacking = { resolverProblem: () => 'dnsmasq, which is the resolver, is not installed' };
    expect(() => checked(new MemoryStack(), text, lacking)).toThrow(
      'dnsmasq, which is the resolver, is not installed',
    );
  });

  it('is warned of limits without effect here', () => {
    const stack = new MemoryStack();
    const text = file(', limits: { memory_swappiness: 10 }');
    expect(checked(stack, text, {}).warnings).toBe(undefined);
    expect(checked(stack, text, { controller: () => 2 }).warnings).toEqual([
      {
        address: 'container.web',
        text: 'limits.memory_swappiness has no effect with cgroup v2',
      },
    ]);
  });

  it('is rejected with all problems at once', () => {
    const lacking = { bindSourceProblem: gone, runtimeProblem: () => 'no runc' };
    expect(() =>
      checked(new MemoryStack(), file(', volumes: [/a:/a], runtime: runc'), lacking),
    ).toThrow('volumes.0: bind source /a does not exist\nruntime: no runc');
  });

  it('is rejected if an uplink cannot join its bridge', () => {
    const bridges = 'bridges: { lan: { uplink: eth1 } }';
    const lacking = { uplinkProblem: (name: string) => `no ${name}` };
    expect(() => checked(new MemoryStack(), file('', bridges), lacking)).toThrow('uplink: no eth1');
  });

  it('is rejected if the host is already in the subnet of a bridge', async () => {
    const net = (subnet: string) => file('', `bridges: { lan: { subnet: ${subnet} } }`);
    const asked: (string | undefined)[] = [];
    const subnetProblem: Preconditions['subnetProblem'] = ({ subnet, link }, going) => {
      asked.push(going.has(link) ? subnet : 'its own is in its way');
      return subnet === '10.2.0.0/24' ? 'taken' : undefined;
    };
    const stack = new MemoryStack();
    checked(stack, net('10.1.0.0/24'), { subnetProblem });
    await stack.apply(net('10.1.0.0/24'));
    expect(() => checked(stack, net('10.2.0.0/24'), { subnetProblem })).toThrow('subnet: taken');
    for (const { name } of stack.host.links.values()) stack.host.removeLink(name);
    checked(stack, net('10.1.0.0/24'), { subnetProblem });
    // the last one is only restored as recorded
    expect(asked).toEqual(['10.1.0.0/24', '10.2.0.0/24']);
  });

  it('is rejected if IPv6 is not to be had, or its subnet is not free', async () => {
    const net = (key: string) => file('', `bridges: { lan: { subnet: 10.1.0.0/24, ${key} } }`);
    const none = { ipv6Problem: () => 'no IPv6' };
    const six = 'subnet6: "fd00:1::/64"';
    const stack = new MemoryStack();
    checked(stack, net('isolated: true'), none);
    expect(() => checked(stack, net(six), none)).toThrow('subnet6: no IPv6');
    const taken = { subnet6Problem: () => 'taken' };
    expect(() => checked(stack, net(six), taken)).toThrow('subnet6: taken');
    await stack.apply(net(six));
    for (const { name } of stack.host.links.values()) stack.host.removeLink(name);
    // it is only restored as recorded, but after a boot without IPv6
    checked(stack, net(six), taken);
    const { warnings } = checked(stack, net(six), none);
    expect(warnings?.map(({ text }) => text)).toEqual(['would fail and is left as it is: no IPv6']);
  });

  it.each([
    ['memory: 8M', 'limits.memory: 8M is less than the 32M that it uses now'],
    ['pids: 3', 'limits.pids: 3 is less than the 9 that run now'],
  ])('is rejected below current usage: %s', async (limit, said) => {
    const stack = new MemoryStack();
    await stack.apply(file(', limits: { memory: 64M }'));
    const lacking = { unreclaimable: () => ({ memory: 32 * 2 ** 20, pids: 9 }) };
    expect(() =>
      checked(
        stack,
        file(`, limits: { memory: 64M, ${limit} }`.replace(/memory: 64M, memory/, 'memory')),
        lacking,
      ),
    ).toThrow(said);
  });

  it('may be in a volume created by the same plan', () => {
    const text = file(', volumes: ["data:/data"]', 'volumes: { data: {} }');
    expect(
      checked(new MemoryStack(), text, { bindSourceProblem: gone }).units.length,
    ).toBeGreaterThan(2);
  });
});

it('warns once about bridges to other networks if the host forwards packets', async () => {
  const bridges = (names: string[], host: string) =>
    file(
      '',
      `bridges: { ${names.map((name, i) => `${name}: { subnet: 10.77.${i}.0/24${host.replaceAll('N', `${i}`)} }`).join(', ')} }`,
    );
  const warned = (text: string, forwards: boolean, stack = new MemoryStack()) =>
    checked(stack, text, { forwards: () => forwards }).warnings?.map(({ address }) => address);
  const six = ', host: 10.77.N.1, subnet6: "fd00:N::/64"';
  const { warnings } = checked(new MemoryStack(), bridges(['a', 'b'], six), {
    forwards6: () => true,
  });
  expect(warnings?.map(({ address, text }) => `${address} ${text}`)).toEqual([
    expect.stringMatching(/^bridge\.a has a route out over IPv6: this host forwards packets \(net/),
  ]);
  const led = bridges(['a', 'b'], ', host: 10.77.N.1');
  expect(warned(led, true)).toEqual(['bridge.a']);
  expect(warned(led, false)).toBeUndefined();
  expect(warned(bridges(['a'], ''), true)).toBeUndefined();
  const stack = new MemoryStack();
  await stack.apply(led);
  expect(warned(led, true, stack)).toBeUndefined();
});

describe('what is only restored', () => {
  it('is blocked alone, and the rest is done', async () => {
    const stack = new MemoryStack();
    const text = file(', volumes: [/a:/a]');
    await stack.apply(text);
    for (const id of ['one.web', 'one.other']) stack.host.end(id, 1);
    stack.host.now += 3_600_000;
    const plan = checked(stack, text, { bindSourceProblem: gone });
    expect(plan.units.map(({ address, blocked }) => [address, blocked])).toEqual([
      ['container.web', 'cannot start container.web: bind source /a does not exist'],
      ['container.other', undefined],
    ]);
    expect(plan.warnings).toEqual([
      {
        address: 'container.web',
        text: 'would fail and is left as it is: bind source /a does not exist',
      },
    ]);
    const before = stack.rows.find(({ name }) => name === 'web');
    await stack.executePlan(plan);
    expect(stack.host.running.has('one.other')).toBe(true);
    expect(stack.rows.find(({ name }) => name === 'web')).toEqual(before);
    expect(stack.events.find(({ type }) => type === 'unit-failed')).toMatchObject({
      address: 'container.web',
      error: 'cannot start container.web: bind source /a does not exist',
    });
  });

  it('is not stopped for a change of the records if it could not be restarted', async () => {
    const stack = new MemoryStack();
    await stack.apply(file(', volumes: [/a:/a]'));
    stack.host.mounts.delete(
      [...stack.host.mounts.keys()].find((path) => path.startsWith('/run/netns')) ?? '',
    );
    const { rows, paths } = stack;
    const plan = preflight(
      stack.plan(file(', volumes: [/a:/a]')),
      host({ bindSourceProblem: gone }),
      {
        resources: rows.map(resourceFromRow),
        rows,
        paths,
        where,
      },
    );
    await stack.executePlan(plan);
    expect([...stack.host.running.keys()].sort()).toEqual(['one.other', 'one.web']);
  });
});
