import { expect, it } from 'vitest';
import { UserError } from '../../src/model/errors.js';
import { jsonText, printable, printableLines } from '../../src/model/printable.js';

it.each([
  ['an escape sequence', '\x1b]0;owned\x07\x1b[2J', '\\u001b]0;owned\\u0007\\u001b[2J'],
  ['a C1 control character', '\x9b31m', '\\u009b31m'],
  ['DEL', 'a\x7fb', 'a\\u007fb'],
  ['a line of its own', 'a\nb\rc', 'a\\u000ab\\u000dc'],
  ['a bidirectional override', 'a\u202eb', 'a\\u202eb'],
  ['a bidirectional mark', 'a\u200fb\u061cc', 'a\\u200fb\\u061cc'],
  ['a line separator', 'a\u2028b', 'a\\u2028b'],
  ['a tab, kept', 'a\tb', 'a\tb'],
  ['text of other scripts, kept', 'été 日本', 'été 日本'],
])('escapes %s', (_what, text, shown) => {
  expect(printable(text)).toBe(shown);
});

it('keeps line breaks of multi-line text', () => {
  expect(printableLines('a\x1bb\nc\rd')).toBe('a\\u001bb\nc\\u000dd');
});

it('writes equivalent JSON without active characters', () => {
  const value = { 'k\u009b': ['\x1b[2J\n', '\u202ex\u2028\x7f', 'é'] };
  const text = jsonText(value);
  expect(text).toBe('{"k\\u009b":["\\u001b[2J\\n","\\u202ex\\u2028\\u007f","é"]}');
  expect(JSON.parse(text)).toEqual(value);
  expect(JSON.parse(jsonText(value, 2))).toEqual(value);
});

it('keeps each line of an error on one line', () => {
  const error = new UserError(['cannot read a\nError: b', 'c\x1b[2J'], 'rm a\nrm b');
  expect(error.message).toBe('cannot read a\\u000aError: b\nc\\u001b[2J');
  expect(error.hint).toBe('rm a\\u000arm b');
});
