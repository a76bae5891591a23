import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NAME } from '../../src/model/address.js';
import { DamagedStateError } from '../../src/model/errors.js';
import { canonical } from '../../src/model/json.js';
import type { Row } from '../../src/model/resource.js';
import { parseTable } from '../../src/state/parse.js';
import { entryOf, formatTable, trailerOf } from '../../src/state/table.js';
import { rowOf, TABLES } from './sample.js';

const [IMAGES, , CONTAINERS] = TABLES;
if (!IMAGES || !CONTAINERS) throw new Error('no tables');

const format = (rows: Row[]) => formatTable(CONTAINERS, rows.map(entryOf), rows);
const read = (text: string) => parseTable(CONTAINERS, text, '/r/containers.csv');

describe('a table', () => {
  it('has display columns first, then data columns, then a trailer', () => {
    const rows = [
      rowOf('container', 'web-2', { spec: { args: ['sh', '-c', 'a; b'] }, status: 'pending' }),
      rowOf('container', 'web-1', {
        spec: { b: 'x;"y"', a: 1 },
        facts: { pid: 12 },
        needs: ['image.web', 'bridge.front'],
        protect: true,
      }),
    ];
    const lines = format(rows).split('\n');
    expect(lines.slice(0, 3)).toEqual([
      'PID;NOM_CONTENNEUR;PROGRAMME LANCE;STACK;NAME;STATUS;PROTECT;NEEDS;FACTS;SPEC',
      '12;web-1;;shop;web-1;ready;yes;image.web bridge.front;"{""pid"":12}";"{""a"":1,""b"":""x;\\""y\\""""}"',
      '-;web-2;sh -c a, b;shop;web-2;pending;no;;{};"{""args"":[""sh"",""-c"",""a; b""]}"',
    ]);
    expect(lines[3]).toMatch(/^# rows=2 sha256=[0-9a-f]{64}$/);
    expect(lines[4]).toBe('');
    expect(lines).toHaveLength(5);
  });

  it('reads back any values', () => {
    fc.assert(
      fc.property(rowsOfAnything(), (rows) => {
        const read1 = read(format(rows));
        expect(canonical(sorted(read1))).toBe(canonical(sorted(rows)));
        expect(format(read1)).toBe(format([...rows].reverse()));
      }),
      { numRuns: 300 },
    );
  });

  it('is plain CSV to another reader', () => {
    fc.assert(
      fc.property(rowsOfAnything(), (rows) => {
        const records = parse(format(rows), { delimiter: ';', comment: '# rows=', columns: true });
        const specs = records.map((record) => (record as { SPEC: string }).SPEC);
        expect(specs).toEqual(sorted(rows).map(({ spec }) => canonical(spec)));
      }),
    );
  });

  it('keeps a row on one line whatever a display column contains', () => {
    const rows = [rowOf('container', 'a', { spec: { args: ['sh', 'x\ny\r\u0000z'] } })];
    const text = format(rows);
    expect(text.split('\n')).toHaveLength(4);
    expect(text).toContain('sh x y  z');
    expect(read(text)).toEqual(rows);
  });
});

describe('damage', () => {
  const small = format([rowOf('container', 'a'), rowOf('container', 'b', { spec: { x: 1 } })]);

  it('is detected if the file is truncated anywhere', () => {
    for (let length = 0; length < small.length; length++) {
      expect(() => read(small.slice(0, length)), `cut at ${length}`).toThrow(DamagedStateError);
    }
    expect(read(small)).toHaveLength(2);
  });

  it('is detected if any single byte changes', () => {
    for (let at = 0; at < small.length; at++) {
      const other = small[at] === 'x' ? 'y' : 'x';
      const text = small.slice(0, at) + other + small.slice(at + 1);
      expect(() => read(text), `changed at ${at}`).toThrow(DamagedStateError);
    }
  });

  it.each([
    ['empty', '', 'cannot trust /r/containers.csv: the file is empty'],
    ['zero-filled', '\0'.repeat(400), 'line 1: there are zero bytes in it'],
    [
      'zeros at the end',
      `${small.slice(0, -40)}${'\0'.repeat(40)}`,
      'line 4: there are zero bytes',
    ],
    ['something after the trailer', `${small}x\n`, 'the last line is not "# rows='],
    ['without its trailer', small.slice(0, small.indexOf('#')), 'the last line is not "# rows='],
    ['a trailer alone', `${trailerOf('', 0)}\n`, 'the last line is not'],
    ['the header of another table', formatTable(IMAGES, [], []), 'line 1: the header'],
    ['a wrong number of rows', small.replace('rows=2', 'rows=1'), 'line 4: its last line does not'],
    ['a row less', small.replace(/^-;a.*\n/m, ''), 'line 3: its last line does not match'],
    [
      'an edited status',
      small.replace('a;ready', 'a;gone'),
      'line 2: the status "gone" is neither',
    ],
    ['an edited cell', small.replace('-;a;;', '77;a;;'), 'its last line does not match'],
  ])('%s', (_, text, message) => {
    expect(() => read(text)).toThrow(DamagedStateError);
    expect(() => read(text)).toThrow(message);
  });

  it.each([
    ['a row twice', (line: string) => `${line}\n${line}`, 'line 3: "a" of stack "shop" appears'],
    [
      'a name with a path',
      (line: string) => line.replace('shop;a', 'shop;../a'),
      '"../a" is no name',
    ],
    ['a stack with a space', (line: string) => line.replace('shop', 'a b'), '"a b" is no stack'],
    ['JSON cut short', (line: string) => line.slice(0, -1), 'SPEC is not JSON'],
    [
      'a spec that is no object',
      (line: string) => line.replace(/{}$/, '7'),
      'SPEC is not a JSON obj',
    ],
    [
      'facts that are a list',
      (line: string) => line.replace(';{};', ';[];'),
      'FACTS is not a JSON',
    ],
    ['a cell more', (line: string) => `;${line}`, 'the number of cells or the quotes are wrong'],
    ['a cell after the last', (line: string) => `${line};x`, 'the number of cells or the quotes'],
    ['a cell less', (line: string) => line.replace('-;', ''), 'the number of cells or the quotes'],
    [
      'an open quote',
      (line: string) => line.replace('-;', '"-;'),
      'the number of cells or the quo',
    ],
    [
      'an open quote at the end',
      (line: string) => line.replace(/{}$/, '"{}'),
      'the number of cells',
    ],
    [
      'a need that is none',
      (line: string) => line.replace('no;;', 'no;image.web x;'),
      '"x" in NEEDS',
    ],
    [
      'a doubtful protection',
      (line: string) => line.replace(';no;', ';maybe;'),
      'PROTECT is "maybe"',
    ],
  ])('%s, despite a valid checksum', (_, edit, message) => {
    const text = format([rowOf('container', 'a')]);
    const lines = text.split('\n');
    const row = edit(lines[1] ?? '');
    expect(row).not.toBe(lines[1]);
    const body = `${lines[0]}\n${row}\n`;
    expect(() => read(`${body}${trailerOf(body, row.split('\n').length)}\n`)).toThrow(message);
  });

  it('explains how to repair the file, correctly', () => {
    const edited = small.replace('a;ready', 'a;pending');
    const error = thrown(() => read(edited));
    expect(error.hint).toContain('head -n -1 /r/containers.csv | sha256sum');
    const body = edited.slice(0, edited.indexOf('#'));
    expect(read(`${body}${trailerOf(body, 2)}\n`).map(({ status }) => status)).toEqual([
      'pending',
      'ready',
    ]);
  });
});

function rowsOfAnything() {
  const json = fc.dictionary(
    fc.string({ unit: 'grapheme' }),
    fc.jsonValue({ stringUnit: 'binary' }),
  );
  const row = fc.record({
    kind: fc.constant('container' as const),
    stack: fc.oneof(fc.constant('-'), fc.stringMatching(NAME)),
    name: fc.stringMatching(NAME),
    status: fc.constantFrom('pending' as const, 'ready' as const),
    spec: fc.oneof(json, fc.record({ args: fc.array(fc.string({ unit: 'binary' })) })),
    facts: json,
    needs: fc.array(fc.stringMatching(NAME).map((name) => `image.${name}` as const)),
    protect: fc.boolean(),
  });
  return fc.uniqueArray(row, { selector: ({ stack, name }) => `${stack}/${name}`, maxLength: 8 });
}

function sorted(rows: readonly Row[]): Row[] {
  return [...rows].sort((a, b) =>
    a.stack === b.stack ? (a.name < b.name ? -1 : 1) : a.stack < b.stack ? -1 : 1,
  );
}

function thrown(act: () => unknown): DamagedStateError {
  try {
    act();
  } catch (error) {
    if (error instanceof DamagedStateError) return error;
  }
  throw new Error('nothing was thrown');
}
