import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/model/errors.js';
import { complaint, places, read } from '../../config/read.js';

describe('YAML with a surprising meaning', () => {
  it.each([
    ['a tag', 'name: !!str shop', ['1:7: tag !!str is not allowed']],
    ['an unknown tag', 'name: !shop x', ['1:7: tag !shop is not allowed']],
    ['a tag on a mapping', '!!map\nname: x', ['1:1: tag !!map is not allowed']],
    ['a duplicate key', 'name: x\nname: y', ['2:1: the key "name" appears twice in this mapping']],
    ['a second document', 'name: x\n---\nname: y', ['2:1: a file is one document']],
    ['an empty second document', 'name: x\n---\n', ['2:1: a file is one document']],
    ['%YAML 1.1', '%YAML 1.1\n---\nname: x', ['1:1: only YAML 1.2 without %TAG is supported']],
    ['%TAG', '%TAG !e! tag:x\n---\nname: x', ['1:1: only YAML 1.2 without %TAG is supported']],
    ['__proto__', 'name: x\n__proto__: {}', ['2:1: unknown key "__proto__"']],
    ['constructor', 'name: x\nimages: {constructor: {}}', ['2:10: unknown key "constructor"']],
    ['a merge of text', 'name: x\n<<: y', ['2:5: "<<" merges mappings, and this is none']],
    ['an escaped NUL', 'name: "a\\0b"', ['1:7: text must not hold a NUL character']],
    ['a bare NUL', 'name: \0', ['1:7: not YAML: an unprintable character']],
    ['a control character', 'name: x # \u0007', ['1:11: not YAML: an unprintable character']],
    ['a key that is no text', 'name: x\n[a]: y', ['2:1: a key must be text']],
    ['an alias as a key', '&a name: x\n*a : y', ['2:1: a key must be text']],
    ['no key', 'name: x\n: y', ['2:1: a key must be text']],
    ['an unknown anchor', 'name: *x', ['1:7: no anchor &x is complete before this alias']],
    ['a circle', 'name: &x [*x]', ['1:11: no anchor &x is complete before this alias']],
    ['an open quote', 'name: "x', ['1:9: not YAML: Missing closing "quote']],
    ['a chasm', `name: ${'['.repeat(100_000)}`, ['1:106: nested more than 100 levels deep']],
    ['nothing', '', ['1:1: the file must be a mapping, not nothing']],
    ['a list', '- a', ['1:1: the file must be a mapping, not a list']],
  ])('refuses %s', (_what, text, expected) => expect(places(text)).toEqual(expected));

  it('reports several problems at once', () => {
    expect(places('name: !x y\nname: "a\\0b"\n__proto__: *q')).toHaveLength(5);
  });

  it('counts aliases', () => {
    const aliases = (count: number) => `name: x\nimages: [&a 1${', *a'.repeat(count)}]`;
    expect(places(aliases(501))).toEqual(['2:2016: more than 500 aliases']);
    expect(places(aliases(500))).toEqual(['2:9: images must be a mapping, not a list']);
  });

  it('stops an alias bomb', () => {
    const layer = (name: string, of: string) =>
      `${name}: &${name} [${Array(9).fill(of).join(', ')}]`;
    const bomb = ['x', 'a', 'b', 'c', 'd'].map((name, i, all) =>
      layer(name, i === 0 ? 'lol' : `*${all[i - 1]}`),
    );
    const start = performance.now();
    expect(places(bomb.join('\n'))).toEqual(['5:8: aliases stand for more than 10000 values']);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it('expands aliases', () => {
    const config = read(
      'name: x\nimages: {i: {from: {tar: a}}}\ncontainers:\n' +
        '  a: &a {image: i, environment: {A: 1}}\n  b: *a',
    );
    expect(config.containers.b).toEqual(config.containers.a);
  });

  it('refuses a file above 1 MiB', () => {
    const text = `name: x #${'é'.repeat(600_000)}`;
    expect(() => read(text)).toThrow(
      new UserError('cannot read baleine.yaml: it is larger than 1 MiB'),
    );
  });

  it('accepts a byte order mark, CRLF and a 1.2 directive', () => {
    expect(read('\uFEFFname: x\r\n').name).toBe('x');
    expect(read('%YAML 1.2\n---\nname: x\n').name).toBe('x');
  });

  it('keeps numbers beyond the exact range as text', () => {
    const typed = {
      ...{
        A: '12345678901234567890',
        B: '-9007199254740993',
        C: '0x1fffffffffffffff1',
        D: '1e400',
      },
      ...{ E: '.inf', F: '-.INF', G: '.nan', H: '0o777777777777777777777', I: '1_000', J: '0.10' },
      ...{ K: '9007199254740992.5', L: '+1', M: '1e3', N: 'off', P: '0o17' },
    };
    const lines = Object.entries(typed).map(([key, value]) => `${key}: ${value}`);
    const words = Object.values(typed);
    const config = read(
      'name: x\nimages: {i: {from: {tar: a}}}\ncontainers:\n' +
        `  a: {image: i, environment: {${lines.join(', ')}},` +
        ` command: [${words.join(', ')}], labels: {n: 18446744073709551615}}`,
    );
    expect(config.containers.a?.environment).toEqual(typed);
    expect(config.containers.a?.command).toEqual(words);
    expect(config.containers.a?.labels).toEqual({ n: '18446744073709551615' });
    expect(read('name: 9007199254740993').name).toBe('9007199254740993');
  });

  it('keeps values that YAML 1.1 reads differently', () => {
    const config = read(
      'name: x\nimages: {i: {from: {tar: a}}}\ncontainers:\n' +
        '  a: {image: i, restart: no, environment: {A: 1.10, B: 0777, C: yes, D: 12:30:45, E: True}}',
    );
    expect(config.containers.a?.restart).toEqual({ name: 'no' });
    expect(config.containers.a?.environment).toEqual({
      A: '1.10',
      B: '0777',
      C: 'yes',
      D: '12:30:45',
      E: 'True',
    });
  });
});

describe('an error', () => {
  it('shows the line and a caret, past tabs', () => {
    expect(complaint('name:\t"Shop"')).toBe(
      'baleine.yaml:1:7: name must be 1 to 63 lower-case letters, digits, "_" or "-", ' +
        'the first a letter or digit, not "Shop"\n  name:\t"Shop"\n       \t^',
    );
  });

  it('crops a long line', () => {
    const shown = complaint(`name: x\nimages: {${' '.repeat(500)}x: 1${' '.repeat(500)}}`).split(
      '\n',
    );
    expect(shown[0]).toBe('baleine.yaml:2:513: images.x must be a mapping, not 1');
    expect(shown[1]?.length).toBe(102);
    expect(shown[1]?.[shown[2]?.indexOf('^') ?? -1]).toBe('1');
  });

  it('does not let the file control the terminal', () => {
    const text = 'name: "\u009b31m"\n';
    const shown = complaint(text);
    expect(shown).not.toContain('\u009b');
  });
});
