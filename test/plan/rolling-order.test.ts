import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Address } from '../../src/model/address.js';
import type { Unit } from '../../src/model/plan.js';
import { MemoryStack } from '../support/memory-stack.js';

/** A service of a stack, which depends on some of the containers before it. */
interface Service {
  farm: boolean;
  order: 'start-first' | 'stop-first';
  depends: boolean[];
  /** Whether the second file changes it. */
  changes: boolean;
}

function file(services: Service[], version: string, size = '64M'): string {
  const entryOf = ({ depends, changes }: Service, more: object = {}) => ({
    image: 'base',
    bridges: ['back'],
    command: [changes ? version : 'same'],
    depends_on: depends.flatMap((each, index) =>
      each && !services[index]?.farm ? [`s${index}`] : [],
    ),
    ...more,
  });
  const named = services.map((service, index) => [`s${index}`, service] as const);
  const farmOf = (service: Service) => ({
    servers: entryOf(service, { replicas: 2, port: 80 }),
    proxy: { image: 'base', engine: 'haproxy', bridges: ['back'], listen: 80 },
    update: { order: service.order },
  });
  return JSON.stringify({
    name: 'shop',
    images: {
      base: { size, from: { host: { binaries: ['/bin/busybox'] } }, command: ['busybox'] },
    },
    bridges: { back: { subnet: '10.77.2.0/24', host: '10.77.2.1' } },
    containers: Object.fromEntries(
      named.filter(([, { farm }]) => !farm).map(([name, service]) => [name, entryOf(service)]),
    ),
    farms: Object.fromEntries(
      named.filter(([, { farm }]) => farm).map(([name, service]) => [name, farmOf(service)]),
    ),
  });
}

const orderOf = (units: readonly Unit[]) => units.map(({ id }) => id);

const PAIR: Service[] = [
  { farm: false, order: 'start-first', depends: [], changes: true },
  { farm: true, order: 'start-first', depends: [true], changes: true },
];

describe('a rolling update and the replacement of what its instances depend on', () => {
  it('replaces that first, then the instances in batches', async () => {
    const stack = new MemoryStack();
    await stack.apply(file(PAIR, 'a'));
    const { units } = stack.plan(file(PAIR, 'b'));
    expect(orderOf(units)).toEqual([
      'drop container.s0',
      'put container.s0',
      'put container.s1-spare-1',
      'drop container.s1-server-1',
      'put container.s1-server-1',
      'drop container.s1-server-2',
      'put container.s1-server-2',
      'retire container.s1-spare-1',
    ]);
  });

  it('does the same for a bridge and an image that are asked to be replaced', async () => {
    const stack = new MemoryStack();
    await stack.apply(file(PAIR, 'a'));
    const replace: Address[] = ['bridge.back', 'image.base'];
    const { units } = stack.plan(file(PAIR, 'b'), { replace });
    const order = orderOf(units);
    const first = order.indexOf('drop container.s1-server-1');
    expect(order.slice(0, first)).toEqual(
      expect.arrayContaining(['put bridge.back', 'put image.base', 'put container.s0']),
    );
  });

  const service = fc.record<Service>({
    farm: fc.boolean(),
    order: fc.constantFrom('start-first', 'stop-first'),
    depends: fc.constant([]),
    changes: fc.boolean(),
  });
  const services = fc
    .array(service, { minLength: 2, maxLength: 5 })
    .chain((all) =>
      fc.tuple(
        ...all.map((each, index) =>
          fc
            .array(fc.boolean(), { minLength: index, maxLength: index })
            .map((depends) => ({ ...each, depends })),
        ),
      ),
    );

  it('has an order for every combination of dependencies, changes and replacements', async () => {
    const property = fc.asyncProperty(
      services,
      fc.boolean(),
      fc.infiniteStream(fc.boolean()),
      async (all, isResized, chosen) => {
        const stack = new MemoryStack();
        await stack.apply(file(all, 'a'));
        const next = file(all, 'b', isResized ? '65M' : '64M');
        const replace = stack.rows
          .filter(({ kind }) => kind === 'container' || kind === 'image' || kind === 'bridge')
          .map(({ kind, name }): Address => `${kind}.${name}`)
          .filter(() => chosen.next().value);
        const { units } = stack.plan(next, { replace });
        const done = new Set<string>();
        for (const { id, needs, after = [] } of units) {
          for (const need of [...needs, ...after]) expect(done).toContain(need);
          done.add(id);
        }
      },
    );
    await fc.assert(property, { numRuns: 150 });
  });
});
