// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the file, not of the test
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type CachedConfig,
  loadCached,
  removeCached,
  storeCached,
  writeSyncMark,
} from '../../../src/app/fast-path/config-cache.js';
import type { Document } from '../../../src/config/document.js';
import { Problems } from '../../../src/config/problem.js';
import { parseFile } from '../../../src/formats/load.js';
import {
  decodePositions,
  encodePositions,
  positionsIn,
  sourcesOf,
} from '../../../src/formats/positions.js';
import { interpolate } from '../../../src/formats/yaml/interpolate.js';
import type { Source } from '../../../src/formats/yaml/read-file.js';
import { parseYaml } from '../../../src/formats/yaml/yaml.js';
import type { Config } from '../../../src/model/config.js';
import { EXAMPLE } from '../../config/example.js';

let dir: string;
beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'baleine-cache-')), 'config');
});
afterEach(() => rmSync(join(dir, '..'), { recursive: true }));

const TEXT = `
name: shop
images: { base: { from: { tar: "\${TAR:-base.tar}" } } }
containers: { web: { image: base, command: [true], environment: { A: "\${A}", B: "\${B-}" } } }
`;
const SOURCE = { file: 'baleine.yaml', text: TEXT, directory: '/srv', env: { A: '1', TAR: '' } };

/** Understands and keeps. */
function understand(source: Source = SOURCE): Config {
  const parsed = parseFile(source);
  storeCached(dir, source, parsed);
  return parsed.config;
}

/** Without what cannot be compared. */
const bare = (config: Config | undefined) => config && { ...config, where: undefined };

const theFile = () => join(dir, readdirSync(dir)[0] as string);

it.each([
  ['the example of the format', { ...SOURCE, text: EXAMPLE }],
  ['a file with variables', SOURCE],
  ['hardly anything', { ...SOURCE, text: 'name: x' }],
  ['a name that is a trap', { ...SOURCE, text: 'name: x\nvolumes: { tostring: {} }' }],
])('returns %s as it was parsed', (_what, source) => {
  const config = understand(source);
  expect(bare(loadCached(dir, source)?.config)).toStrictEqual(bare(config));
});

describe('has the places of all values', () => {
  const MANY = `
name: shop
x: &env { A: 1, B: [one, "two\\n"] }
bridges: { front: { subnet: 10.1.0.0/24 }, back: {} }
containers:
  web:
    environment: [A=1, "B=\${B:-2}", A=3]
    bridges: [back, front]
    command:
    - sleep
    -
    - \${A}
    restart: \${A}
    more: *env
    again: [*env, *env]
`;
  const PATHS: (string | number)[][] = [
    [],
    ['name'],
    ['nowhere', 'at', 'all'],
    ['bridges', 'back', 'subnet'],
    ...[0, 1, 2, 3, 'A', 'B', 'C'].map((each) => ['containers', 'web', 'environment', each]),
    ...[0, 1, 'front', 'back', 'A'].map((each) => ['containers', 'web', 'bridges', each]),
    ...[0, 1, 2, 3].map((each) => ['containers', 'web', 'command', each]),
    ['containers', 'web', 'restart', 0],
    ['containers', 'web', 'more', 'B', 1],
    ['containers', 'web', 'again', 1, 'B', 'one'],
    ['containers', 'web', 'again', 1, 'B', 'toString'],
  ];

  it.each(PATHS.map((path) => [path.join('.'), path] as const))('%s', (_text, path) => {
    const file = 'dir/odd\u001b.yaml';
    const { root } = interpolated(parseYaml({ file, text: MANY, directory: '/' }));
    const sources = sourcesOf(root);
    const encoded = JSON.parse(JSON.stringify(encodePositions(root, sources)));
    const decoded = decodePositions(encoded, sources);
    const expected = positionsIn(file, () => root)(path);
    expect(positionsIn(file, () => decoded)(path)).toBe(expected);
    expect(expected).toMatch(/^dir\/odd\\u001b\.yaml:\d+:\d+$/);
  });

  it('also from the cache', () => {
    const { where } = understand();
    const cached = loadCached(dir, SOURCE)?.config;
    writeSyncMark(dir, SOURCE, loadCached(dir, SOURCE) as CachedConfig, { with: 'one' });
    for (const path of [['name'], ['containers', 'web', 'environment', 'B'], ['farms']])
      expect(cached?.where(path)).toBe(where(path));
    expect(cached?.where(['containers', 'web'])).toBe('baleine.yaml:4:15');
  });

  it('except for a file that another run has replaced since', () => {
    understand();
    const cached = loadCached(dir, SOURCE)?.config;
    understand({ ...SOURCE, env: { A: '2', TAR: '' } });
    expect(cached?.where(['containers', 'web'])).toBe('baleine.yaml');
  });
});

function interpolated(document: Document): Document {
  interpolate(document, () => '5', new Problems(document.source));
  return document;
}

describe('parses again', () => {
  it.each<[string, Partial<Source>]>([
    ['another text', { text: `${TEXT} ` }],
    ['another value', { env: { A: '2', TAR: '' } }],
    ['a value that is gone', { env: { TAR: '' } }],
    ['a value that is new', { env: { A: '1', TAR: '', B: '' } }],
    ['an empty value instead of none', { env: { A: '1' } }],
    ['a value like a property of all objects', { env: { A: '1', TAR: '', B: 'toString' } }],
    ['another folder', { directory: '/srv/other' }],
    ['another file', { file: 'other.yaml' }],
  ])('for %s', (_what, change) => {
    understand();
    expect(loadCached(dir, SOURCE)).toBeDefined();
    expect(loadCached(dir, { ...SOURCE, ...change })).toBeUndefined();
  });

  it('but not for a variable that the file does not use', () => {
    understand();
    expect(loadCached(dir, { ...SOURCE, env: { ...SOURCE.env, C: '3' } })).toBeDefined();
  });

  it('if nothing was cached', () => expect(loadCached(dir, SOURCE)).toBeUndefined());

  it.each<[string, (text: string) => string]>([
    ['is cut off', (text) => text.slice(0, -9)],
    ['is empty', () => ''],
    ['is null', () => 'null'],
    ['is a list', () => '[]'],
    ['is of another build', (text) => text.replace('cache', 'crash')],
    ['has more than it should', (text) => `${text}{`],
    ['has less than it says', (text) => text.replace(/\d+/, '9')],
  ])('if the cached file %s', (_what, spoil) => {
    understand();
    writeFileSync(theFile(), spoil(readFileSync(theFile(), 'utf8')));
    expect(loadCached(dir, SOURCE)).toBeUndefined();
  });

  it('if others could have written it', () => {
    understand();
    chmodSync(theFile(), 0o620);
    expect(loadCached(dir, SOURCE)).toBeUndefined();
  });
});

it('is readable by its owner only', () => {
  understand();
  expect(statSync(dir).mode & 0o777).toBe(0o700);
  expect(statSync(theFile()).mode & 0o777).toBe(0o600);
  expect(readdirSync(dir)).toHaveLength(1);
});

it('works without a cache if it cannot be written', () => {
  writeFileSync(dir, '');
  understand();
  expect(existsSync(join(dir, 'x'))).toBe(false);
  expect(loadCached(dir, SOURCE)).toBeUndefined();
});

describe('a sync mark', () => {
  const recalled = () => loadCached(dir, SOURCE) as CachedConfig;

  it('is returned with the file, the last one only', () => {
    understand();
    expect(recalled().mark).toBeUndefined();
    const config = bare(recalled().config);
    writeSyncMark(dir, SOURCE, recalled(), { with: 'one' });
    expect(recalled().mark).toEqual({ with: 'one' });
    writeSyncMark(dir, SOURCE, recalled(), { with: 'two' });
    expect(recalled().mark).toEqual({ with: 'two' });
    expect(bare(recalled().config)).toStrictEqual(config);
    expect(statSync(theFile()).mode & 0o777).toBe(0o600);
  });

  it('is written once', () => {
    understand();
    writeSyncMark(dir, SOURCE, recalled(), { with: 'one' });
    const { ino } = statSync(theFile());
    writeSyncMark(dir, SOURCE, recalled(), { with: 'one' });
    expect(statSync(theFile()).ino).toBe(ino);
  });

  it('is dropped when the file is parsed again', () => {
    understand();
    writeSyncMark(dir, SOURCE, recalled(), { with: 'one' });
    understand();
    expect(recalled().mark).toBeUndefined();
  });

  it('is not added to a file that another run cached since', () => {
    understand();
    const before = recalled();
    const other = { ...SOURCE, env: { A: '2', TAR: '' } };
    understand(other);
    writeSyncMark(dir, SOURCE, before, { with: 'one' });
    expect(loadCached(dir, other)?.body).not.toBe(before.body);
    expect(loadCached(dir, other)?.mark).toBeUndefined();
  });

  it.each<[string, () => void]>([
    ['nothing is kept any more', () => rmSync(dir, { recursive: true })],
    ['others could have written what is kept', () => chmodSync(theFile(), 0o620)],
  ])('is not added if %s', (_what, happen) => {
    understand();
    const before = recalled();
    happen();
    writeSyncMark(dir, SOURCE, before, { with: 'one' });
    expect(loadCached(dir, SOURCE)).toBeUndefined();
  });
});

describe('the cache is removed', () => {
  it('with its stack, and the folder with the last one', () => {
    understand();
    understand({ ...SOURCE, file: 'other.yaml', text: 'name: other' });
    removeCached(dir, 'shop');
    expect(readdirSync(dir)).toHaveLength(1);
    removeCached(dir, 'other');
    expect(existsSync(dir)).toBe(false);
  });

  it('also if a killed run left it incomplete', () => {
    understand();
    writeFileSync(`${theFile()}.new`, '12');
    removeCached(dir, 'shop');
    expect(existsSync(dir)).toBe(false);
  });
});
