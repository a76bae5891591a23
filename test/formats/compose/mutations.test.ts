import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/config/problem.js';
import { loadConfig } from '../../../src/formats/load.js';

interface Schema {
  properties?: Record<string, Schema>;
  definitions?: Record<string, Schema>;
}

const schema: Schema = JSON.parse(readFileSync('schemas/compose-spec.json', 'utf8'));
const keysOf = (name: string) => Object.keys(schema.definitions?.[name]?.properties ?? {});

const scalar = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    'host',
    'none',
    '0',
    '-1',
    '1g',
    '10s',
    'a:b',
    '/x',
    '$$',
    '${',
    '8080:80',
  ),
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 1e21, 99_999),
  fc.string({ maxLength: 8 }),
);
const value = fc.oneof(
  scalar,
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(fc.constantFrom('type', 'source', 'target', 'name', 'a', 'test'), scalar, {
    maxKeys: 3,
  }),
  fc.array(fc.dictionary(fc.constantFrom('source', 'target', 'type', 'path'), scalar), {
    maxLength: 2,
  }),
);

const withKeys = (name: string) =>
  fc.dictionary(fc.constantFrom(...keysOf(name)), value, { maxKeys: 3 });
const service = fc
  .tuple(withKeys('service'), withKeys('deployment'), withKeys('healthcheck'))
  .map(([own, deploy, healthcheck]) => ({
    image: 'x',
    ...(Object.keys(deploy).length > 1 && { deploy }),
    ...(Object.keys(healthcheck).length > 1 && { healthcheck }),
    ...own,
  }));
const section = (name: string) =>
  fc.dictionary(fc.constantFrom('a', 'default'), fc.oneof(fc.constant(null), withKeys(name)), {
    maxKeys: 1,
  });
const file = fc.record({
  services: fc.dictionary(fc.constantFrom('a', 'b'), service, { minKeys: 1 }),
  networks: section('network'),
  volumes: section('volume'),
  secrets: section('secret'),
  configs: section('config'),
});

function load(content: unknown) {
  const text = JSON.stringify(content, null, 1);
  return loadConfig({ file: 'compose.yaml', text, env: {}, directory: '/nowhere' });
}

describe('a compose file of random keys', () => {
  it('is accepted, or refused with places', () => {
    let refused = 0;
    fc.assert(
      fc.property(file, (content) => {
        try {
          load(content);
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
          refused += 1;
          expect(error.message).toMatch(/^[^ ]*:\d+:\d+: /);
        }
      }),
      { numRuns: 400 },
    );
    expect(refused).toBeGreaterThan(50);
  });

  it('has one problem and one hint for each unknown word', () => {
    const words = Object.fromEntries(Array.from({ length: 70 }, (_, i) => [`imag${i}`, 1]));
    try {
      load({ services: { a: { image: 'x', ...words } } });
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const lines = error.message.split('\n').filter((line) => line.startsWith('compose.yaml:'));
      expect(new Set(lines).size).toBe(70);
      expect(lines).toHaveLength(70);
      expect(error.message.match(/^did you mean "image"\?$/gm)).toHaveLength(70);
    }
  });
});

/** Values of the kinds that the schema knows; those that mean the default are left out. */
const SAMPLES: unknown[] = [
  ...['x', '1', 1, true, '1g', '11s', 'a:1'],
  ...[['x'], ['a=b'], ['a:1'], ['80:80'], ['/x:/y'], { a: 'b' }, { 'net.a': 1 }, { nofile: 5 }],
  ...[[{ path: '/x', rate: 1 }], [{ target: 80, published: 80 }], [{ command: ['a'] }]],
  ...[{ limits: { pids: 1 } }, { resources: { limits: { pids: 1 } } }, { test: ['CMD', 'a'] }],
  ...[{ device_write_bps: [{ path: '/dev/x', rate: 1 }] }, { options: { 'max-size': '1m' } }],
];

/** Values that say what is so anyway, and what becomes of nothing: `[key, value as JSON]`. */
const DEFAULTS = new Set([
  ...['["environment",["x"]]', '["environment",["a:1"]]', '["environment",["80:80"]]'],
  ...['["environment",["/x:/y"]]', '["extends","x"]', '["scale","1"]', '["scale",1]'],
  ...['["volumes_from",["x"]]'],
]);

/** Merged into the service, or left to `baleine watch`. */
const READ_ELSEWHERE = new Set(['image', 'develop']);

it.each(keysOf('service').filter((key) => !READ_ELSEWHERE.has(key)))(
  'the key %s of a service is in the result, a warning or an error',
  (key) => {
    const resultOf = (own: object) =>
      JSON.stringify(
        load({ services: { web: { image: 'y', ...own }, x: { image: 'x' } } }),
        (k, v) => (k === 'digest' ? undefined : v),
      );
    const plain = resultOf({});
    const silent = SAMPLES.filter((sample) => {
      if (DEFAULTS.has(JSON.stringify([key, sample]))) return false;
      try {
        return resultOf({ [key]: sample }) === plain;
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        return false;
      }
    });
    expect(silent).toEqual([]);
  },
);
