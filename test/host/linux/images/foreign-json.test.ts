import { expect, it } from 'vitest';
import {
  parseForeign,
  shownName,
  shownNames,
} from '../../../../src/host/linux/images/foreign-json.js';

it('reads archives of other tools, with limits', () => {
  expect(parseForeign('{"a":["}","\\"]"]}', 'config', 'x')).toEqual({ a: ['}', '"]'] });
  const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
  expect(parseForeign(deep(100), 'config', 'x')).toBeInstanceOf(Array);
  expect(() => parseForeign(deep(101), 'config', 'x')).toThrow('more than 100 levels deep');
  expect(() => parseForeign('{"a":'.repeat(500_000), 'config', 'x')).toThrow('levels deep');
  expect(() => parseForeign(`"${'x'.repeat(2 ** 22)}"`, 'config', 'x')).toThrow(
    'cannot use x: its config is larger than 4 MiB',
  );
  expect(() => parseForeign('{', 'a\n\x1b[2J', 'x')).toThrow('its a\\u000a\\u001b[2J is not JSON');
});

it('shows names as one bounded line', () => {
  expect(shownName(`a\nb${'c'.repeat(300)}`)).toMatch(/^a\\u000abc{197}…$/);
  expect(shownNames(Array.from({ length: 500 }, (_, at) => `n${at}`))).toMatch(/n9 and 490 more$/);
});
