import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError, Problems } from '../../src/config/problem.js';
import { loadConfig } from '../../src/formats/load.js';
import { formatSubnet, overlap, parseSubnet } from '../../src/model/ipv4.js';
import type { Unit } from '../../src/model/plan.js';
import { hostPortsConflict } from '../../src/model/publish.js';
import { orderUnits } from '../../src/plan/order.js';

/** Written apart, for it is none of this file's. */
const VARIABLE = ['$', '{A}'].join('');
const IMAGE = 'name: s\nimages: { b: { external: true } }\n';

/** Everything that is wrong with a file; the first of it is shown. */
function errorOf(text: string, env: NodeJS.ProcessEnv = {}): ConfigError {
  try {
    loadConfig({ file: 'x', text, env, directory: '/' });
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error as ConfigError;
  }
  throw new Error('nothing is wrong with it');
}

const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => `${line(index)}\n`).join('');

/** Milliseconds; with the square of what is in the file each of these takes minutes. */
const LONG = 60_000;

describe('a file that costs too much', () => {
  it.each([
    ['of too many words', `name: s\nx:\n${lines(80_000, () => ' - a')}`, 'more than 80000 words'],
    ['of nothing but comments', `name: s\n${lines(160_000, () => '#')}`, 'more than 80000 words'],
    ['of variables without an end', `name: s\nx: "${'${'.repeat(400_000)}"`, 'does not end'],
    ['of broken escapes', `name: s\nx: "${'\\q'.repeat(400_000)}"`, 'Invalid escape sequence'],
    ['of unset variables', `name: s\nx: "${VARIABLE.repeat(200_000)}"`, 'variable A is not set'],
    [
      'of unknown references',
      `${IMAGE}containers:\n a:\n  image: b\n  bridges:\n${lines(13_000, (i) => `   - x${i}`)}`,
      'unknown bridge "x0"',
    ],
    [
      'of values that fit no alternative',
      `${IMAGE}containers:\n a:\n  image: b\n  volumes:\n${lines(13_000, () => '   - {}')}`,
      'needs a key "target"',
    ],
    [
      'of keys that are there already',
      `name: s\ncontainers:\n${lines(9900, () => '  a: 1')}`,
      'the key "a" appears twice',
    ],
    [
      'of images that are made from each other',
      `name: s\nimages:\n i0: { external: true }\n${lines(990, (i) => ` i${i + 1}: { from: { image: i${i} } }`)}`,
      'more than 127 images based on each other',
    ],
    [
      'of more replicas than a stack may have',
      `${IMAGE}containers:\n${lines(3000, (i) => ` c${i}: { image: b, replicas: 1000 }`)}`,
      '3000000 containers: a stack has at most 1024',
    ],
    [
      'of circles',
      `${IMAGE}containers:\n${lines(120, (i) => ` c${i}: { image: b, depends_on: [${Array.from({ length: 120 }, (_, j) => `c${j}`)}] }`)}`,
      'depends_on forms a cycle: c0 → c0',
    ],
    [
      'of replicas that wait for each other',
      `${IMAGE}containers:\n a: { image: b, replicas: 499, healthcheck: { tcp: 80 } }\n c: { image: b, replicas: 499, depends_on: { a: { condition: service_healthy } } }\n`,
      'containers wait for more than 20000 others in all',
    ],
    [
      'of replicas that start after each other',
      `${IMAGE}containers:\n a: { image: b, replicas: 499 }\n c: { image: b, replicas: 499, depends_on: [a] }\n`,
      'x:5:45: containers depend on more than 50000 others in all',
    ],
    [
      'of replicas with a long entry',
      `${IMAGE}containers:\n a: { image: b, replicas: 1000, environment: [${Array.from({ length: 3000 }, (_, i) => `V${i}=x`)}] }\n`,
      'x:4:2: with replicas expanded, the containers take more than 2097152 characters',
    ],
    [
      'of servers with a long entry',
      `${IMAGE}bridges: { f: { subnet: 10.0.0.0/16 } }\nfarms:\n a:\n  proxy: { image: b, listen: 80, bridges: [f] }\n  servers: { image: b, port: 80, bridges: [f], replicas: 1000, command: [x, "${'x'.repeat(10_000)}"] }\n`,
      'x:7:3: with replicas expanded, the containers take more than 2097152 characters',
    ],
    [
      'of sysctls that are each tried by a program',
      `${IMAGE}containers:\n a:\n  image: b\n  sysctls:\n${lines(5000, (i) => `   net.v${i}: 1`)}`,
      'x:107:4: more than 100 different settings of sysctls in all',
    ],
  ])(
    '%s is refused',
    (_what, text, message) => {
      const error = errorOf(text);
      expect(error.message).toContain(message);
      expect(error.problems.length).toBeLessThanOrEqual(75);
      expect(error.message.length).toBeLessThan(50_000);
    },
    LONG,
  );

  it(
    'is refused if variables make it too large',
    () => {
      const text = `name: s\nx: "${VARIABLE.repeat(200_000)}"`;
      expect(errorOf(text, { A: 'a'.repeat(10_000) }).message).toContain(
        'more than 4194304 characters',
      );
    },
    LONG,
  );
});

it('shows the first problems, counts the rest, and computes hints only for those shown', () => {
  const problems = new Problems({ file: 'x', text: lines(1000, () => 'a'), directory: '/' });
  let asked = 0;
  const hint = () => {
    asked += 1;
    return 'a hint';
  };
  for (let at = 999; at >= 0; at -= 1) problems.atOffset(2 * at, 'is wrong', hint);
  expect(() => problems.throwIfAny()).toThrow(/^x:1:1: is wrong\n.*\n\nand 925 more$/s);
  expect(asked).toBe(75);
});

it(
  'accepts the longest chain of containers',
  () => {
    const chain = lines(990, (i) => ` c${i + 1}: { image: b, depends_on: [c${i}] }`);
    const text = `${IMAGE}containers:\n c0: { image: b }\n${chain}`;
    const { containers } = loadConfig({ file: 'x', text, env: {}, directory: '/' });
    expect(Object.keys(containers)).toHaveLength(991);
  },
  LONG,
);

it(
  'orders chains of units longer than the call stack',
  () => {
    const address = (index: number) => `volume.v${index}` as const;
    const units = Array.from({ length: 50_000 }, (_, index): Unit => {
      const resourceNeeds = index === 49_999 ? [] : [address(index + 1)];
      const about = { kind: 'volume', name: `v${index}`, mode: 'put', spec: {} } as const;
      const rest = { protect: false, keepFacts: false, steps: [], needs: [] };
      return {
        id: `put ${address(index)}`,
        address: address(index),
        resourceNeeds,
        ...about,
        ...rest,
      };
    });
    expect(orderUnits(units, new Map())[0]?.name).toBe('v49999');
  },
  LONG,
);

/** Which entries of a file are complained of, by their names. */
function complained(text: string, message: RegExp): string[] {
  try {
    loadConfig({ file: 'x', text, env: {}, directory: '/' });
    return [];
  } catch (error) {
    const { problems } = error as ConfigError;
    return problems.flatMap(({ line, message: said }) =>
      message.test(said) ? [`${line} ${said}`] : [],
    );
  }
}

it('finds the same overlapping networks as a comparison of each pair', () => {
  const subnet = fc
    .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 8, max: 30 }))
    .map(([part, prefix]) => {
      const network = 10 * 2 ** 24 + part * 2 ** 14;
      return { network: network - (network % 2 ** (32 - prefix)), prefix };
    });
  fc.assert(
    fc.property(fc.array(subnet, { maxLength: 12 }), (all) => {
      const text = `name: s\nbridges:\n${all.map((each, i) => ` b${i}: { subnet: ${formatSubnet(each)} }\n`).join('')}`;
      const expected = all.flatMap((each, i) =>
        all.slice(0, i).some((other) => overlap(each, other)) ? [i + 3] : [],
      );
      const found = complained(text, /overlaps/);
      expect(found.map((each) => Number.parseInt(each, 10))).toEqual(expected);
      for (const each of found) {
        const [, one = '', other = ''] = /(\S+) overlaps (\S+)/.exec(each) ?? [];
        const [a, b] = [parseSubnet(one), parseSubnet(other)];
        expect(a && b && overlap(a, b)).toBe(true);
      }
    }),
  );
});

it('finds the same ports published twice as a comparison of each pair', () => {
  const entry = fc.record({
    host_ip: fc.constantFrom('0.0.0.0', '127.0.0.1', '127.0.0.2'),
    published: fc.constantFrom(80, 81),
  });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 8 }), (all) => {
      const ports = all.map((each) => `   - "${each.host_ip}:${each.published}:80"\n`).join('');
      const text = `${IMAGE}bridges: { f: { subnet: 10.0.0.0/24, host: 10.0.0.1 } }\ncontainers:\n c:\n  image: b\n  bridges: [f]\n  publish:\n${ports}`;
      const expected = all.flatMap((each, i) =>
        all.slice(0, i).some((other) => hostPortsConflict(each, other)) ? [i + 9] : [],
      );
      const found = all.length === 0 ? [] : complained(text, /is already published by/);
      expect(found.map((each) => Number.parseInt(each, 10))).toEqual(expected);
    }),
  );
});
