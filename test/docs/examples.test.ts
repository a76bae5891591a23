import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/formats/load.js';

const FILES = readdirSync('examples', { recursive: true, encoding: 'utf8' })
  .filter((path) => /(^|\/)(baleine|compose)\.yaml$/.test(path))
  .map((path) => join('examples', path));

it.each(FILES)('%s is a valid stack', (path) => {
  const text = readFileSync(path, 'utf8');
  const directory = resolve(path, '..');
  const config = loadConfig({ file: path, text, env: {}, directory });
  expect(Object.keys({ ...config.containers, ...config.farms })).not.toEqual([]);
});
