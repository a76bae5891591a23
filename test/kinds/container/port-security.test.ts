import { describe, expect, it } from 'vitest';
import { portsIn } from '../../../src/host/linux/network/fixed-addresses.js';
import { portFinding } from '../../../src/host/linux/network/port-security.js';
import { portFault } from '../../../src/model/port-security.js';
import type { ContainerSpec } from '../../../src/model/specs.js';
import { MemoryStack } from '../../support/memory-stack.js';

const file = (web: string, other = '', bridge = '') => `name: one
images:
  base: { size: 64M, from: { host: { binaries: [/bin/busybox] } }, command: [busybox, httpd, -f] }
bridges:
  front: { subnet: 10.77.1.0/24, host: 10.77.1.1${bridge} }
containers:
  web: { image: base, bridges: { front: { mac: "02:00:00:00:00:01"${web} } } }
  other: { image: base, bridges: { front: { mac: "02:00:00:00:00:02" } }${other} }
`;

function linkOf(stack: MemoryStack, name: string) {
  const row = stack.rows.find((each) => each.kind === 'container' && each.name === name);
  return (row?.spec as ContainerSpec | undefined)?.links[0];
}

describe('neighbors', () => {
  it('are fixed once a container can forge frames, and only then', async () => {
    const stack = new MemoryStack();
    await stack.apply(file(''));
    expect(linkOf(stack, 'web')?.neighbors).toBeUndefined();

    await stack.apply(file('', ', cap_add: [NET_RAW]'));
    expect(linkOf(stack, 'web')?.neighbors).toEqual({
      '10.77.1.1': 'host',
      '10.77.1.3': '02:00:00:00:00:02',
    });
    expect(linkOf(stack, 'other')?.neighbors).toEqual({
      '10.77.1.1': 'host',
      '10.77.1.2': '02:00:00:00:00:01',
    });

    await stack.apply(file('', ', cap_add: [ALL], cap_drop: [NET_RAW, NET_ADMIN]'));
    expect(linkOf(stack, 'web')?.neighbors).toBeUndefined();
  });

  it('do not include a container whose address may move', async () => {
    const stack = new MemoryStack();
    await stack.apply(file(', port_security: false', ', cap_add: [NET_ADMIN]'));
    expect(linkOf(stack, 'web')?.port_security).toBe(false);
    expect(linkOf(stack, 'other')?.neighbors).toEqual({ '10.77.1.1': 'host' });
  });

  it('are of a container that overrides its bridge', async () => {
    const bridge = ', port_security: false';
    const stack = new MemoryStack();
    await stack.apply(file(', port_security: true', ', cap_add: [NET_RAW]', bridge));
    expect(linkOf(stack, 'web')?.port_security).toBeUndefined();
    expect(linkOf(stack, 'other')?.port_security).toBe(false);
    expect(linkOf(stack, 'other')?.neighbors).toEqual({
      '10.77.1.1': 'host',
      '10.77.1.2': '02:00:00:00:00:01',
    });
  });
});

describe('members: isolated', () => {
  it('isolates every container but those that the others are there to reach', async () => {
    const gateway = ', gateway: 10.77.1.2, members: isolated';
    const stack = new MemoryStack();
    await stack.apply(file(', address: 10.77.1.2', '', gateway));
    expect(linkOf(stack, 'web')?.isolated).toBeUndefined();
    expect(linkOf(stack, 'other')?.isolated).toBe(true);
  });
});

describe('a port', () => {
  const link = { link: 'v', address: '10.77.1.2/24' };
  const port = { number: 3, learning: false, locked: true, isolated: false };
  const mac = '02:00:00:00:00:01';
  const fixed = { ports: new Map([[mac, 3]]), neighbors: new Map([['10.77.1.2', mac]]) };
  const unknown = { ports: undefined, neighbors: undefined };

  it('is not at fault for what this host does not have or show', () => {
    const { locked: _, ...old } = port;
    expect(portFault(link, old, fixed)).toBeUndefined();
    expect(portFault(link, port, unknown)).toBeUndefined();
    expect(portFault(link, undefined, fixed)).toBeUndefined();
  });

  it('is at fault if its MAC address is behind another one', () => {
    const moved = { ...fixed, ports: new Map([[mac, 4]]) };
    expect(portFault(link, port, moved)).toBe('does not know its MAC address');
  });

  it('is found in the forwarding table among learned and local addresses', () => {
    const entry = (last: number, port: number, isLocal: number, age: number) =>
      Buffer.from([2, 0, 0, 0, 0, last, port, isLocal, age, 0, 0, 0, 1, 0, 0, 0]);
    const table = Buffer.concat([entry(1, 3, 0, 0), entry(2, 3, 0, 9), entry(3, 3, 1, 0)]);
    expect(portsIn(table)).toEqual(new Map([[mac, 259]]));
  });

  it('is named by doctor if it cannot be locked', async () => {
    expect(await portFinding('6.1.0-27-amd64', Promise.resolve('6.1.0'))).toMatchObject({
      status: 'ok',
    });
    const old = await portFinding('5.15.0-generic', Promise.resolve('5.15.0'));
    expect(old.status).toBe('warn');
    expect(old.detail).toContain('Linux 5.15.0-generic and iproute2 5.15.0 cannot lock them');
  });
});
