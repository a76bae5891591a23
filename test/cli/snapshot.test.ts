import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { printableLines } from '../../src/model/printable.js';
import { Built } from './built.js';

const built = new Built();
const dir = mkdtempSync(join(tmpdir(), 'snapshot-'));
beforeAll(() => built.build());
afterAll(() => {
  built.remove();
  rmSync(dir, { recursive: true });
});

/** A snapshot as a stranger might make it, with a terminal's commands in its texts. */
function hostile(): object {
  const text = '\u001b]0;owned\u0007\u009b31m';
  const row = { kind: 'volume', stack: 's', name: text, status: 'ready', spec: { path: text } };
  return {
    format: 'baleine snapshot 1',
    places: {},
    paths: { root: dir, run: dir, tag: 'x' },
    config: {
      ...{ name: 's', file: text, digest: '', images: {}, bridges: {}, volumes: {} },
      ...{ containers: {}, farms: {} },
    },
    rows: [{ ...row, facts: {}, needs: [], protect: false }],
    answers: { inputs: { sources: {}, origins: {}, profiles: {} } },
  };
}

it.each([['--refresh=false'], ['--destroy'], ['--json', '--refresh=false'], []])(
  'a snapshot of a stranger cannot act on the terminal: plan %s',
  async (...options) => {
    const file = join(dir, 'stack.json');
    writeFileSync(file, JSON.stringify(hostile()));
    const { stdout, stderr } = await built.baleine(['plan', '--snapshot', file, ...options]);
    expect(`${stdout}${stderr}`).not.toBe('');
    expect(printableLines(`${stdout}${stderr}`)).toBe(`${stdout}${stderr}`);
  },
);

it('does not save a plan from a snapshot', async () => {
  const file = join(dir, 'stack.json');
  writeFileSync(file, JSON.stringify(hostile()));
  const words = ['plan', '--snapshot', file, '--out', join(dir, 'x')];
  expect(await built.baleine(words)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('cannot save a plan made from a snapshot'),
  });
});
