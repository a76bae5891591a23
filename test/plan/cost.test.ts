import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/formats/load.js';
import { desired } from '../../src/kinds/desired.js';
import { kinds } from '../../src/kinds/index.js';
import { installPaths } from '../../src/model/install-paths.js';
import { type Resource, type Row, resourceFromRow } from '../../src/model/resource.js';
import { unitsOf } from '../../src/plan/units.js';

const paths = installPaths('/var/lib/baleine');
const HEAD = 'images: { b: { size: 64M, from: { directory: / }, command: [x] } }';

const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => `${line(index)}\n`).join('');

/** Each container has its own bridge and depends on the previous container. */
const chain = (name: string, count: number, net: number) => `name: ${name}
${HEAD}
bridges:
${lines(count, (i) => ` n${i}: { subnet: ${net}.${i >> 6}.${(i & 63) * 4}.0/24 }`)}containers:
 c0: { image: b, bridges: [n0] }
${lines(count - 1, (i) => ` c${i + 1}: { image: b, bridges: [n${i + 1}], depends_on: [c${i}] }`)}`;

const borrowing = (count: number) => `name: guest
images: { b: { external: true } }
bridges: { ${Array.from({ length: count }, (_, i) => `n${i}: { external: true }`)} }
containers:
${lines(count, (i) => ` g${i}: { image: b, bridges: [n${i}] }`)}`;

function desiredBy(text: string, rows: readonly Row[] = []): Resource[] {
  const config = loadConfig({ file: 'x', text, env: {}, directory: '/' });
  return desired({ config, rows, paths, sources: {}, origins: {} });
}

const rowsOf = (stack: string, resources: Resource[]) =>
  resources.map(
    ({ kind, name, spec, needs, protect }): Row => ({
      ...{ kind, stack, name, spec, needs, protect },
      ...{ status: 'ready', facts: {} },
    }),
  );

/** The same rows, and a counter of property reads. */
function counted(rows: Row[]): { rows: Row[]; asked: () => number } {
  let asked = 0;
  const get = (row: Row, key: keyof Row) => {
    asked += 1;
    return row[key];
  };
  return { rows: rows.map((row) => new Proxy(row, { get })) as Row[], asked: () => asked };
}

/** Allowed growth for twice as many resources; quadratic growth would be a factor of 4. */
const LINEAR = 2.5;

function ratio(cost: (count: number) => number): number {
  const [half, whole] = [cost(150), cost(300)];
  expect(half).toBeGreaterThan(150);
  return whole / half;
}

describe('reads of recorded rows grow linearly with the stack', () => {
  it.each([
    ['of its own', (count: number) => [chain('own', count, 10), chain('own', count, 10)]],
    ['of others', (count: number) => [chain('other', count, 10), chain('own', count, 11)]],
    ['of others, which it uses', (count: number) => [chain('other', count, 10), borrowing(count)]],
  ])('%s', (_what, texts) => {
    const cost = (count: number) => {
      const [before = '', text = ''] = texts(count);
      const { rows, asked } = counted(
        rowsOf(before.slice(6, before.indexOf('\n')), desiredBy(before)),
      );
      expect(desiredBy(text, rows).length).toBeGreaterThan(count);
      return asked();
    };
    expect(ratio(cost)).toBeLessThan(LINEAR);
  });

  it('for dependencies of containers', () => {
    const cost = (count: number) => {
      const { rows, asked } = counted(rowsOf('own', desiredBy(chain('own', count, 10))));
      const around = { kinds, paths, rows };
      for (const row of rows) {
        const resource = resourceFromRow(row);
        unitsOf({ action: 'create', reasons: [], differences: [], resource, row }, around);
      }
      return asked();
    };
    expect(ratio(cost)).toBeLessThan(LINEAR);
  });
});
