import { describe, expect, it } from 'vitest';
import {
  bridgeLink,
  cgroupPath,
  diskFile,
  netnsPath,
  rootfsDir,
  vethLink,
} from '../../src/model/install-paths.js';
import type { BridgePort } from '../../src/model/port-security.js';
import { MemoryStack } from '../support/memory-stack.js';

const FILE = `name: one
images:
  base: { size: 64M, from: { host: { binaries: [/bin/busybox] } }, command: [busybox, httpd, -f] }
bridges:
  front: { subnet: 10.77.1.0/24, host: 10.77.1.1 }
volumes:
  data: {}
containers:
  web: { image: base, bridges: [front], volumes: ["data:/data"], limits: { memory: 64M } }
  other: { image: base, bridges: [front] }
`;

const ID = 'one.web';

function changePort({ host, paths }: MemoryStack, options: Partial<BridgePort>): void {
  const link = host.links.get(vethLink(paths, ID, 'front'));
  if (link?.port) link.port = { ...link.port, ...options };
}

/** A change behind baleine's back, the reason in the plan, and the steps that repair it. */
const DRIFTS: [string, (stack: MemoryStack) => void, Record<string, string>, string[]][] = [
  [
    'a killed process',
    ({ host }) => host.end(ID, 137),
    { 'container.web': 'process 1002 ended with 137 SIGKILL' },
    ['container.start'],
  ],
  [
    'a deleted veth',
    ({ host, paths }) => host.removeLink(vethLink(paths, ID, 'front')),
    { 'container.web': 'veth missing from bridge front' },
    ['container.wire'],
  ],
  [
    'a deleted bridge',
    ({ host, paths }) => host.removeLink(bridgeLink(paths, 'one', 'front')),
    {
      'bridge.front': 'lost: it is gone from the host',
      'container.web': 'veth has left bridge front',
      'container.other': 'veth has left bridge front',
    },
    ['bridge.ensure', 'container.wire', 'container.wire'],
  ],
  [
    'a port that learns',
    (stack) => changePort(stack, { learning: true }),
    { 'container.web': 'port of bridge front accepts any MAC address' },
    ['container.wire'],
  ],
  [
    'an unlocked port',
    (stack) => changePort(stack, { locked: false }),
    { 'container.web': 'port of bridge front accepts any MAC address' },
    ['container.wire'],
  ],
  [
    'an isolated port',
    (stack) => changePort(stack, { isolated: true }),
    { 'container.web': 'port of bridge front is closed to other containers' },
    ['container.wire'],
  ],
  [
    'an unmounted disk',
    ({ host, paths }) => host.mounts.delete(rootfsDir(paths, ID)),
    { 'container.web': 'disk is not mounted' },
    ['container.mount'],
  ],
  [
    'another memory limit',
    ({ host, paths }) => host.cgroups.set(cgroupPath(paths, ID), { memory: 1, pids: 2048 }),
    { 'container.web': 'limits.memory was changed on the host' },
    ['container.limits'],
  ],
  [
    'a deleted cgroup',
    ({ host, paths }) => host.cgroups.delete(cgroupPath(paths, ID)),
    { 'container.web': 'cgroup is gone' },
    ['container.verify', 'container.stop', 'container.start'],
  ],
  [
    'a deleted network namespace',
    ({ host, paths }) => host.mounts.delete(netnsPath(paths, ID)),
    { 'container.web': 'network namespace is gone' },
    ['container.verify', 'container.stop', 'container.wire', 'container.start'],
  ],
  [
    'a deleted disk file',
    ({ host, paths }) => host.files.delete(diskFile(paths, ID)),
    { 'container.web': 'disk file is gone' },
    [
      'container.verify',
      'container.stop',
      'container.disconnect',
      'container.unmount',
      'container.erase',
      'container.wire',
      'container.disk',
      'container.mount',
      'container.start',
    ],
  ],
  [
    'a disk file that another was put in the place of',
    ({ host, paths }) => host.mounts.set(rootfsDir(paths, ID), `${diskFile(paths, ID)} (deleted)`),
    { 'container.web': 'disk file was replaced, and it runs on the one before' },
    [
      'container.check-disk',
      'container.verify',
      'container.stop',
      'container.unmount',
      'container.mount',
      'container.start',
    ],
  ],
  [
    'a disk file that was moved away, and another put in its place',
    ({ host, paths }) => host.mounts.set(rootfsDir(paths, ID), '/srv/kept/web.img'),
    { 'container.web': 'disk file was replaced, and it runs on the one before' },
    [
      'container.check-disk',
      'container.verify',
      'container.stop',
      'container.unmount',
      'container.mount',
      'container.start',
    ],
  ],
  [
    'a killed monitor',
    ({ host }) => host.processes.delete(host.running.get(ID)?.monitor ?? 0),
    { 'container.web': 'its monitor, process 1003, is gone' },
    ['container.verify', 'container.stop', 'container.start'],
  ],
  [
    'a deleted volume',
    ({ host, paths }) => host.files.delete(`${paths.root}/volumes/one/data`),
    { 'volume.data': 'lost: it is gone from the host, seeded from /data of image base' },
    ['volume.create'],
  ],
  [
    'a deleted image',
    ({ host, paths }) => host.files.delete(`${paths.root}/images/one.base.img`),
    { 'image.base': 'lost: it is gone from the host' },
    ['image.build'],
  ],
];

describe('drift', () => {
  it.each(DRIFTS)(
    '%s is reported and repaired, and nothing else',
    async (_name, harm, named, verbs) => {
      const stack = new MemoryStack();
      await stack.apply(FILE);
      harm(stack);
      const plan = stack.plan(FILE);
      expect(
        Object.fromEntries(
          plan.changes.map(({ address, reasons }) => [address, reasons.join(', ')]),
        ),
      ).toEqual(named);
      expect(plan.changes.every(({ drift }) => drift)).toBe(true);
      expect(plan.units.flatMap(({ steps }) => steps.map(({ verb }) => verb))).toEqual(verbs);
      await stack.executePlan(plan);
      expect(stack.plan(FILE).changes).toEqual([]);
    },
  );

  it('a truncated disk file is reported, and the container that runs on it is left alone', async () => {
    const stack = new MemoryStack();
    await stack.apply(FILE);
    const file = diskFile(stack.paths, ID);
    stack.host.wanted.set(file, 2 ** 40);
    const size = stack.host.files.get(file)?.size;
    const reason = `disk file was cut short: it has ${size} of ${2 ** 40} bytes`;
    expect(stack.planText(FILE)).toContain(`container.web will be updated in-place (${reason})`);
    const before = stack.host.running.get(ID);
    await stack.apply(FILE);
    expect(stack.host.running.get(ID)).toEqual(before);
    expect(stack.events.filter(({ type }) => type === 'unit-failed')).toHaveLength(1);
  });

  it('after a reboot, everything that ran is restarted with its address', async () => {
    const stack = new MemoryStack();
    await stack.apply(FILE);
    const addresses = () =>
      [...stack.host.namespaces.entries()].map(([name, all]) => [name, [...all]]).sort();
    const before = addresses();
    stack.host.reboot();
    expect(stack.planText(FILE)).toMatchInlineSnapshot(`
      "Changes outside baleine were found:

        # bridge.front will be created (lost: it is gone from the host)
        + bridge.front
            + subnet: 10.77.1.0/24
            + host: 10.77.1.1

        # container.web will be updated in-place (the host has rebooted, disk is not mounted, network namespace is gone, veth missing from bridge front)
        ~ container.web

        # container.other will be updated in-place (the host has rebooted, disk is not mounted, network namespace is gone, veth missing from bridge front)
        ~ container.other

      Plan: 1 to add, 2 to change, 0 to destroy."
    `);
    await stack.apply(FILE);
    expect(addresses()).toEqual(before);
    expect(stack.plan(FILE).changes).toEqual([]);
  });

  it('a pid that another process now has is not trusted', async () => {
    const stack = new MemoryStack();
    await stack.apply(FILE);
    const { pid } = stack.host.running.get(ID) ?? { pid: 0 };
    stack.host.processes.set(pid, 1);
    expect(stack.plan(FILE).changes.map(({ reasons }) => reasons)).toEqual([
      [`process ${pid} is gone`],
    ]);
  });
});

describe('the restart policy', () => {
  const file = (restart: string) => FILE.replace('limits:', `restart: ${restart}, limits:`);

  it.each([
    ['"no"', 1, 0],
    ['on-failure', 0, 0],
    ['on-failure', 1, 1],
    ['always', 0, 1],
  ])('%s after exit code %i starts it %i times', async (restart, code, changes) => {
    const stack = new MemoryStack();
    await stack.apply(file(restart));
    stack.host.end(ID, code);
    expect(stack.plan(file(restart)).changes).toHaveLength(changes);
  });

  it('on-failure:2 gives up after two starts', async () => {
    const stack = new MemoryStack();
    await stack.apply(file('on-failure:2'));
    for (let round = 0; round < 2; round += 1) {
      stack.host.end(ID, 1);
      stack.host.now += 15_000;
      await stack.apply(file('on-failure:2'));
      expect(stack.host.running.has(ID)).toBe(true);
    }
    stack.host.end(ID, 1);
    expect(stack.plan(file('on-failure:2')).changes).toEqual([]);
  });
});
