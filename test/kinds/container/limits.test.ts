import { describe, expect, it } from 'vitest';
import type { Capacity } from '../../../src/host/ports.js';
import { checkCapacity } from '../../../src/kinds/container/capacity.js';
import { read } from '../../config/read.js';
import { MemoryStack } from '../../support/memory-stack.js';

const file = (limits: string) => `name: one
images: { base: { size: 64M, from: { host: { binaries: [/bin/busybox] } }, command: [busybox] } }
containers: { web: { image: base, limits: ${limits} } }
`;
const verbs = (stack: MemoryStack, limits: string) =>
  stack.plan(file(limits)).units.flatMap(({ steps }) => steps.map(({ verb }) => verb));

describe('changed limits', () => {
  const DEVICES = '{ devices: [{ allow: "c 10:229 rwm" }] }';

  it('are written while the container runs, device rules too on cgroup v1', async () => {
    const stack = new MemoryStack();
    await stack.apply(file('{}'));
    for (const limits of ['{ io: [{ write_bps: 1M }] }', '{ net_class: 0x100001 }', DEVICES]) {
      expect(verbs(stack, limits)).toEqual(['container.limits']);
    }
  });

  it('need a restart for device rules on cgroup v2, which the plan shows', async () => {
    const stack = new MemoryStack();
    stack.host.hierarchy = 2;
    await stack.apply(file('{}'));
    expect(verbs(stack, '{ io: [{ write_bps: 1M }] }')).toEqual(['container.limits']);
    expect(verbs(stack, DEVICES)).toEqual([
      'container.verify',
      'container.stop',
      'container.start',
    ]);
    expect(stack.planText(file(DEVICES))).toContain('(limits.devices added, takes a restart)');
    await stack.apply(file(DEVICES));
    expect(verbs(stack, DEVICES)).toEqual([]);
    expect(verbs(stack, '{}')).toEqual(['container.verify', 'container.stop', 'container.start']);
  });
});

describe('limits that the host lacks support for', () => {
  const host = (more: Partial<Capacity> = {}): Capacity => ({
    cpus: () => '0-1',
    controller: () => 1,
    isBlockDevice: (path) => path === '/dev/vda',
    labelProblem: () => undefined,
    usernsProblem: () => undefined,
    platformProblem: () => undefined,
    addresses: () => [],
    listener: () => undefined,
    ...more,
  });
  const refused = (limits: string, capacity = host()) => {
    const config = read(file(limits));
    try {
      checkCapacity(config, capacity);
      return [];
    } catch (error) {
      return (error as Error).message.split('\n');
    }
  };

  it.each([
    ['{ cpuset: "0-1", cpus: 2, memory: 64M, io: [{ device: /dev/vda, write_iops: 1 }] }'],
    ['{ io: [{ write_bps: 1M }], net_class: 1 }'],
  ])('accepts %s', (limits) => expect(refused(limits)).toEqual([]));

  it.each<[string, string, Capacity?]>([
    ['{ cpuset: 1-2 }', 'no CPU 2: this host has 2 CPUs, 0-1'],
    ['{ cpus: 2.5 }', 'cannot give 2.5 CPUs: this host has 2 CPUs, 0-1'],
    ['{ io: [{ device: /dev/vdb, read_bps: 1M }] }', '/dev/vdb is not a block device of this host'],
    [
      '{ io: [{ read_bps: 1M }] }',
      'this host has no controller blkio for limits.io',
      host({ controller: () => undefined }),
    ],
    [
      '{ net_class: 1 }',
      'this host has no cgroup v1 controller net_cls for limits.net_class',
      host({ controller: () => 2 }),
    ],
  ])('rejects %s: %s', (limits, cause, capacity) => {
    const [only = '', ...others] = refused(limits, capacity);
    expect(only).toMatch(/^baleine\.yaml:3:\d+: /);
    expect(only.replace(/^\S+: /, '')).toBe(cause);
    expect(others).toEqual([]);
  });

  it('rejects labels of missing security modules', () => {
    const capacity = host({ labelProblem: (kind) => `this host has no ${kind}` });
    const labelled = 'apparmor: some-profile, selinux: "system_u:system_r:container_t:s0"';
    const config = read(file('{}').replace('limits: {}', labelled));
    const refuse = () => checkCapacity(config, capacity);
    expect(refuse).toThrow(
      /^baleine\.yaml:3:\d+: this host has no apparmor\nbaleine\.yaml:3:\d+: this host has no selinux$/,
    );
    checkCapacity(config, host());
  });

  it('rejects another platform', () => {
    const capacity = host({ platformProblem: (platform) => `${platform} does not run here` });
    const config = read(file('{}').replace('limits: {}', 'platform: linux/s390x'));
    expect(() => checkCapacity(config, capacity)).toThrow(
      /^baleine\.yaml:3:\d+: linux\/s390x does not run here$/,
    );
    checkCapacity(config, host());
  });

  it('need no query of the host if none is set', () => {
    const asked = () => expect.unreachable();
    const capacity = { cpus: asked, controller: asked, isBlockDevice: asked, usernsProblem: asked };
    checkCapacity(
      read(file('{ pids: 5 }')),
      host({ ...capacity, labelProblem: asked, platformProblem: asked }),
    );
  });
});
