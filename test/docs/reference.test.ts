import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { commandsPage } from '../../docs/make/commands.js';
import { keysPage } from '../../docs/make/keys.js';

const schema = JSON.parse(readFileSync('schemas/baleine.schema.json', 'utf8'));

// `npm run docs` runs these with --update, which writes the pages.

it('docs/reference/keys.md matches the schema', async () => {
  await expect(keysPage(schema)).toMatchFileSnapshot('../../docs/reference/keys.md');
});

it('docs/reference/commands.md matches the program', async () => {
  await expect(await commandsPage()).toMatchFileSnapshot('../../docs/reference/commands.md');
});

it('every key of the schema has a row with a description', () => {
  const rows = keysPage(schema)
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(rows.length).toBeGreaterThan(150);
  expect(rows.filter((row) => / \|\s*\|$/.test(row))).toEqual([]);
});
