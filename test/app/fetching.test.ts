import { expect, it } from 'vitest';
import { withFetching } from '../../src/app/fetching.js';
import {
  imagesOf,
  isOfService,
  requireServices,
  withDependencies,
} from '../../src/app/services.js';
import { loadConfig } from '../../src/formats/load.js';

const config = loadConfig({
  file: 'baleine.yaml',
  directory: '/stack',
  env: {},
  text: `name: shop
images:
  built: { from: { dockerfile: { context: . } } }
  fetched: { from: { registry: "nginx:1" }, pull: never }
  derived: { from: { image: fetched } }
  packed: { from: { tar: base.tar } }
containers:
  web: { image: derived, depends_on: [db] }
  db: { image: built }
  other: { image: packed }
`,
});

const pulls = (made: typeof config) =>
  Object.values(made.images).map((image) => (image.external ? undefined : image.pull));

it('overrides how images are got, for all or for some', () => {
  expect(withFetching(config, {})).toBe(config);
  expect(withFetching(config, { pull: 'policy' })).toBe(config);
  expect(pulls(withFetching(config, { pull: 'missing' }))).toEqual([
    ...[undefined, 'missing', undefined, undefined],
  ]);
  expect(pulls(withFetching(config, { build: true }))).toEqual([
    ...['always', 'never', undefined, undefined],
  ]);
  expect(pulls(withFetching(config, { pull: 'always', build: true }, new Set(['built'])))).toEqual([
    'always',
    'never',
    undefined,
    undefined,
  ]);
});

it('knows what services need', () => {
  expect(withDependencies(config, ['web']).sort()).toEqual(['db', 'web']);
  expect(withDependencies(config, [])).toEqual(['web', 'db', 'other']);
  expect([...imagesOf(config, ['web', 'db'])].sort()).toEqual(['built', 'derived', 'fetched']);
  expect(() => requireServices(config, ['web', 'toString'], 'start')).toThrow(
    'cannot start "toString": stack shop has no service of that name',
  );
  expect(
    ['web', 'web-2', 'web-proxy', 'web-2-x'].map((each) => isOfService(each, ['web'])),
  ).toEqual([true, true, true, false]);
});
