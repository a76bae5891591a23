import { expect, it } from 'vitest';
import type { ContainerSpec, HostsSpec } from '../../src/model/specs.js';
import { MemoryStack } from '../support/memory-stack.js';

const file = (web: object, front: object = { host: '10.77.1.1' }) =>
  JSON.stringify({
    name: 'one',
    images: {
      base: { size: '64M', from: { host: { binaries: ['/bin/busybox'] } }, command: ['busybox'] },
    },
    bridges: { back: { subnet: '10.77.2.0/24' }, front: { subnet: '10.77.1.0/24', ...front } },
    containers: {
      web: { image: 'base', bridges: ['back', 'front'], ...web },
      db: { image: 'base', bridges: ['back', 'front'] },
    },
  });

/** The lines of each container's /etc/hosts, behind those of localhost. */
function linesOf(text: string): Record<string, string[]> {
  const { resources } = new MemoryStack().desired(text);
  const files = new Map(
    resources
      .filter(({ kind }) => kind === 'hosts')
      .map(({ spec }) => [(spec as HostsSpec).file, (spec as HostsSpec).text]),
  );
  const containers = resources.filter(({ kind }) => kind === 'container');
  return Object.fromEntries(
    containers.map(({ name, spec }) => [
      name,
      files
        .get((spec as ContainerSpec).hosts_file)
        ?.split('\n')
        .slice(2, -1) ?? [],
    ]),
  );
}

it('extra_hosts are seen by their container alone, in either form', () => {
  const plain = linesOf(file({})).db ?? [];
  expect(plain).toHaveLength(4);
  const extra_hosts = { a: '10.0.0.1', b: ['10.0.0.2', '::2'], host: 'host-gateway' };
  const expected = ['10.0.0.1 a', '10.0.0.2 b', '::2 b', '10.77.1.1 host'];
  const list = ['a:10.0.0.1', 'b=10.0.0.2', 'b:[::2]', 'host:host-gateway'];
  for (const each of [extra_hosts, list]) {
    const lines = linesOf(file({ extra_hosts: each }));
    expect(lines).toEqual({ web: [...plain, ...expected], db: plain });
  }
});

it('a host-gateway takes an address of the host on a bridge', () => {
  const text = file({ extra_hosts: ['host:host-gateway'] }, {});
  expect(() => linesOf(text)).toThrow(
    /^baleine.yaml:1:\d+: container web has no host-gateway: the host has no address on any of its bridges$/,
  );
});

it.each(['a:10.0.0.256', 'a:b', 'a:[10.0.0.1'])('%s is not accepted', (each) => {
  expect(() => linesOf(file({ extra_hosts: [each] }))).toThrow('is no address');
});

it('a domain makes the full name known to the others on its bridges', () => {
  const lines = linesOf(file({ domainname: 'example.com', hostname: 'w_1' }));
  expect(lines.db?.filter((each) => each.includes('web'))).toEqual([
    expect.stringMatching(/^10\.77\.2\.\d w_1\.example\.com w_1 web$/),
    expect.stringMatching(/^10\.77\.1\.\d w_1\.example\.com w_1 web$/),
  ]);
});

it('a changed line rewrites the file in place, and others see no change', async () => {
  const stack = new MemoryStack();
  await stack.apply(file({ extra_hosts: ['a:10.0.0.1'] }));
  expect(stack.planText(file({ extra_hosts: ['a:10.0.0.2'] }))).toBe(
    `baleine will perform the following actions:

  # container.web will be updated in-place (extra_hosts changed)
  ~ container.web
      ~ extra_hosts:
          - a=10.0.0.1
          + a=10.0.0.2

Files derived from others follow for: hosts.back-front-b08456-90d04b, hosts.back-front-b08456-a437ab

Plan: 0 to add, 1 to change, 0 to destroy.`,
  );
});
