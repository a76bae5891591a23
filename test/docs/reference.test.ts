import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { commandsPage } from '../../docs/make/commands.js';
import { composePage } from '../../docs/make/compose.js';
import { keysPage } from '../../docs/make/keys.js';
import { CONFIG_ROWS, SECRET_ROWS } from '../../src/formats/compose/files.js';
import { VOLUME_ROWS } from '../../src/formats/compose/mounts.js';
import { NETWORK_ROWS } from '../../src/formats/compose/networks.js';
import { SERVICE_ROWS } from '../../src/formats/compose/service-rows.js';

const schema = JSON.parse(readFileSync('schemas/baleine.schema.json', 'utf8'));

// `npm run docs` runs these with --update, which writes the pages.

it('docs/reference/keys.md matches the schema', async () => {
  await expect(keysPage(schema)).toMatchFileSnapshot('../../docs/reference/keys.md');
});

it('docs/reference/commands.md matches the program', async () => {
  await expect(await commandsPage()).toMatchFileSnapshot('../../docs/reference/commands.md');
});

it('docs/reference/compose.md matches the rows of the reader', async () => {
  const page = composePage([
    ['Services', SERVICE_ROWS],
    ['Networks', NETWORK_ROWS],
    ['Volumes', VOLUME_ROWS],
    ['Secrets', SECRET_ROWS],
    ['Configs', CONFIG_ROWS],
  ]);
  await expect(page).toMatchFileSnapshot('../../docs/reference/compose.md');
});

it('every key of the schema has a row with a description', () => {
  const rows = keysPage(schema)
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(rows.length).toBeGreaterThan(150);
  expect(rows.filter((row) => / \|\s*\|$/.test(row))).toEqual([]);
});
