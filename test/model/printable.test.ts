import { expect, it } from 'vitest';
import { printable, printableLines } from '../../src/model/printable.js';

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

it('keeps the lines of a text of several', () => {
  expect(printableLines('a\x1bb\nc\rd')).toBe('a\\u001bb\nc\\u000dd');
});
