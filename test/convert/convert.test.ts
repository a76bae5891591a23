import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { convertStack, ENGINES, writeFiles } from '../../src/app/project.js';
import { covered, lost, type Rows } from '../../src/convert/rows.js';

const dir = mkdtempSync(join(tmpdir(), 'baleine-convert-'));
afterAll(() => rmSync(dir, { recursive: true }));

const HUSH = 'correct horse battery staple';

/** A stack in a folder, with secrets of each kind. */
function written(): Parameters<typeof convertStack>[0] {
  const file = join(dir, 'baleine.yaml');
  writeFileSync(join(dir, 'token.txt'), HUSH);
  writeFileSync(join(dir, 'site.pem'), HUSH);
  writeFileSync(join(dir, '.env'), `TOKEN=${HUSH}\n`);
  writeFileSync(
    file,
    `name: shop
images: { web: { from: { registry: web } } }
bridges: { front: { subnet: 10.9.1.0/24, host: auto } }
secrets:
  file: { file: ./token.txt }
  variable: { environment: TOKEN }
  aged: { age: ./token.age, identity: ./key.txt }
farms:
  shop:
    servers: { image: web, port: 80, bridges: [front], secrets: [file, variable, aged] }
    proxy: { image: web, listen: 80, bridges: [front], tls: { certificate: ./site.pem } }
`,
  );
  return { root: '/nowhere', file, project: { overrides: [] }, color: false };
}

describe.each(ENGINES)('convert --to %s', (engine) => {
  it('refers to secrets, and has the content of none', async () => {
    const out = join(dir, 'out');
    for (const directory of [undefined, out]) {
      const { files, notes } = await convertStack(written(), engine, {
        ...(directory && { directory }),
      });
      const all = JSON.stringify({ files, notes });
      expect(all).not.toContain(HUSH);
      expect(all).toContain(engine === 'quadlet' || !directory ? 'token.txt' : '../token.txt');
      expect(all).toContain('printenv TOKEN');
      expect(all).toContain('age --decrypt --identity');
      expect(all).toContain('site.pem');
    }
  });

  it('writes files into a folder, and names what else is there', async () => {
    const out = join(dir, engine);
    const { files } = await convertStack(written(), engine, { directory: out });
    expect(writeFiles(out, files)).toEqual([]);
    writeFileSync(join(out, 'old.yaml'), '');
    expect(writeFiles(out, files)).toEqual(['old.yaml']);
    for (const { name, text } of files) expect(readFileSync(join(out, name), 'utf8')).toBe(text);
  });
});

it('a table that has no row for a key does not compile', () => {
  interface Entry {
    known: string;
    more?: number;
  }
  const rows: Rows<Entry, unknown> = { known: covered, more: lost('why') };
  // @ts-expect-error it has no row for `more`
  const others: Rows<Entry, unknown> = { known: covered };
  expect(Object.keys(rows)).not.toEqual(Object.keys(others));
});
