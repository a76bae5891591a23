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
import { loadConfig } from '../../src/formats/baleine/load.js';
import {
  appendSyncLine,
  type CachedConfig,
  loadCached,
  removeCached,
  storeCached,
} from '../../src/formats/cache.js';
import type { Source } from '../../src/formats/yaml/read-file.js';
import type { Config } from '../../src/model/config.js';
import { EXAMPLE } from '../config/example.js';

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
  const variables = new Set<string>();
  const config = loadConfig(source, variables);
  storeCached(dir, source, config, variables);
  return config;
}

/** Without what cannot be compared. */
const bare = (config: Config | undefined) => config && { ...config, where: undefined };

const theFile = () => join(dir, readdirSync(dir)[0] as string);

it.each([
  ['the example of the format', { ...SOURCE, text: EXAMPLE }],
  ['a file with variables', SOURCE],
  ['hardly anything', { ...SOURCE, text: 'name: x' }],
  ['a name that is a trap', { ...SOURCE, text: 'name: x\nvolumes: { tostring: {} }' }],
])('recalls %s as it was understood', (_what, source) => {
  const config = understand(source);
  expect(bare(loadCached(dir, source)?.config)).toStrictEqual(bare(config));
});

it('knows the file, but no lines', () => {
  understand();
  expect(loadCached(dir, SOURCE)?.config.where(['containers', 'web'])).toBe('baleine.yaml');
});

describe('takes the long way', () => {
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

  it('but not for a variable that the file does not speak of', () => {
    understand();
    expect(loadCached(dir, { ...SOURCE, env: { ...SOURCE.env, C: '3' } })).toBeDefined();
  });

  it('when nothing was kept', () => expect(loadCached(dir, SOURCE)).toBeUndefined());

  it.each<[string, (text: string) => string]>([
    ['is cut off', (text) => text.slice(0, -9)],
    ['is empty', () => ''],
    ['is null', () => 'null'],
    ['is a list', () => '[]'],
    ['is of another build', (text) => text.replace('cache', 'crash')],
    ['has half an agreement', (text) => `${text}\n{`],
  ])('when what was kept %s', (_what, spoil) => {
    understand();
    writeFileSync(theFile(), spoil(readFileSync(theFile(), 'utf8')));
    expect(loadCached(dir, SOURCE)).toBeUndefined();
  });

  it('when others could have written it', () => {
    understand();
    chmodSync(theFile(), 0o620);
    expect(loadCached(dir, SOURCE)).toBeUndefined();
  });
});

it('is for the eyes of its owner', () => {
  understand();
  expect(statSync(dir).mode & 0o777).toBe(0o700);
  expect(statSync(theFile()).mode & 0o777).toBe(0o600);
  expect(readdirSync(dir)).toHaveLength(1);
});

it('goes without when it cannot be written', () => {
  writeFileSync(dir, '');
  understand();
  expect(existsSync(join(dir, 'x'))).toBe(false);
  expect(loadCached(dir, SOURCE)).toBeUndefined();
});

describe('an agreement with the records', () => {
  const recalled = () => loadCached(dir, SOURCE) as CachedConfig;

  it('is recalled with the file, and the last one only', () => {
    understand();
    expect(recalled().agreement).toBeUndefined();
    const config = bare(recalled().config);
    appendSyncLine(dir, SOURCE, recalled(), { with: 'one' });
    expect(recalled().agreement).toEqual({ with: 'one' });
    appendSyncLine(dir, SOURCE, recalled(), { with: 'two' });
    expect(recalled().agreement).toEqual({ with: 'two' });
    expect(bare(recalled().config)).toStrictEqual(config);
    expect(statSync(theFile()).mode & 0o777).toBe(0o600);
  });

  it('is written once', () => {
    understand();
    appendSyncLine(dir, SOURCE, recalled(), { with: 'one' });
    const { ino } = statSync(theFile());
    appendSyncLine(dir, SOURCE, recalled(), { with: 'one' });
    expect(statSync(theFile()).ino).toBe(ino);
  });

  it('is forgotten when the file is understood anew', () => {
    understand();
    appendSyncLine(dir, SOURCE, recalled(), { with: 'one' });
    understand();
    expect(recalled().agreement).toBeUndefined();
  });

  it('is not added to another one that was kept meanwhile', () => {
    understand();
    const before = recalled();
    const other = { ...SOURCE, env: { A: '2', TAR: '' } };
    understand(other);
    appendSyncLine(dir, SOURCE, before, { with: 'one' });
    expect(loadCached(dir, other)?.body).not.toBe(before.body);
    expect(loadCached(dir, other)?.agreement).toBeUndefined();
  });

  it.each<[string, () => void]>([
    ['nothing is kept any more', () => rmSync(dir, { recursive: true })],
    ['others could have written what is kept', () => chmodSync(theFile(), 0o620)],
  ])('is not added when %s', (_what, happen) => {
    understand();
    const before = recalled();
    happen();
    appendSyncLine(dir, SOURCE, before, { with: 'one' });
    expect(loadCached(dir, SOURCE)).toBeUndefined();
  });
});

describe('what is kept is forgotten', () => {
  it('with its stack, and the folder with the last', () => {
    understand();
    understand({ ...SOURCE, file: 'other.yaml', text: 'name: other' });
    removeCached(dir, 'shop');
    expect(readdirSync(dir)).toHaveLength(1);
    removeCached(dir, 'other');
    expect(existsSync(dir)).toBe(false);
  });

  it('also where a killed run has left it half written', () => {
    understand();
    writeFileSync(`${theFile()}.new`, '12');
    removeCached(dir, 'shop');
    expect(existsSync(dir)).toBe(false);
  });
});
