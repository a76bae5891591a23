import { describe, expect, it } from 'vitest';
import type { Address } from '../../src/model/address.js';
import type { Unit } from '../../src/model/plan.js';
import { orderUnits } from '../../src/plan/order.js';

function unit(mode: 'put' | 'drop', address: Address, resourceNeeds: Address[] = []): Unit {
  const [kind, name] = address.split('.') as [Unit['kind'], string];
  return {
    id: `${mode} ${address}`,
    mode,
    address,
    kind,
    name,
    spec: {},
    resourceNeeds,
    protect: false,
    keepFacts: false,
    steps: [],
    needs: [],
  };
}

/** `put container.a <- put image.b`: one line a unit. */
function ordered(units: Unit[], recorded: Record<Address, Address[]> = {}): string[] {
  const map = new Map(Object.entries(recorded) as [Address, Address[]][]);
  return orderUnits(units, map).map(({ id, needs }) =>
    needs.length > 0 ? `${id} <- ${needs.join(', ')}` : id,
  );
}

describe('orderUnits', () => {
  it('puts a resource after its dependencies', () => {
    expect(
      ordered([unit('put', 'container.a', ['image.b', 'bridge.c']), unit('put', 'image.b')]),
    ).toEqual(['put image.b', 'put container.a <- put image.b']);
  });

  it('drops a resource after its dependents', () => {
    expect(
      ordered([unit('drop', 'image.b'), unit('drop', 'container.a')], {
        'container.a': ['image.b'],
      }),
    ).toEqual(['drop container.a', 'drop image.b <- drop container.a']);
  });

  it('drops a resource after a former dependent is updated', () => {
    expect(
      ordered([unit('drop', 'container.s3'), unit('put', 'config.proxy', ['container.s1'])], {
        'config.proxy': ['container.s1', 'container.s3'],
      }),
    ).toEqual(['put config.proxy', 'drop container.s3 <- put config.proxy']);
  });

  it('drops a replaced resource only once the dependencies of its successor exist', () => {
    expect(
      ordered(
        [
          unit('put', 'image.b'),
          unit('drop', 'container.a'),
          unit('put', 'container.a', ['image.b']),
        ],
        { 'container.a': ['image.b'] },
      ),
    ).toEqual([
      'put image.b',
      'drop container.a <- put image.b',
      'put container.a <- drop container.a, put image.b',
    ]);
  });

  it('replaces a resource and its dependents: drops in reverse order, puts in order', () => {
    expect(
      ordered(
        [
          unit('drop', 'container.a'),
          unit('put', 'container.a'),
          unit('drop', 'container.b'),
          unit('put', 'container.b', ['container.a']),
        ],
        { 'container.b': ['container.a'] },
      ),
    ).toEqual([
      'drop container.b',
      'drop container.a <- drop container.b',
      'put container.a <- drop container.a',
      'put container.b <- drop container.b, put container.a',
    ]);
  });
});
