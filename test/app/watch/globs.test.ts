import { expect, it } from 'vitest';
import { pathFilter, takesBack } from '../../../src/app/watch/globs.js';

it.each([
  [['node_modules/'], ['node_modules', 'node_modules/a/b'], ['a/node_modules', 'node_modules.txt']],
  [['**/node_modules'], ['node_modules/a', 'a/b/node_modules/c'], ['node_modulesx']],
  [['*.log'], ['a.log'], ['a/b.log', 'a.logs']],
  [
    ['**/*.log', '!keep.log'],
    ['a.log', 'b/keep.log'],
    ['keep.log', 'a'],
  ],
  [['./a/?.js', '# '], ['a/b.js'], ['a/bb.js', 'b.js']],
  [['a/**'], ['a/b', 'a/b/c'], ['a', 'b/a']],
  [['[ab]?.js'], ['a1.js'], ['c1.js', 'a.js']],
  [['a+(b)[c]{d}|$^.'], ['a+(b)[c]{d}|$^.'], ['aab']],
  [[], [], ['a']],
])('%j matches some paths and not others', (patterns, matching, others) => {
  const matches = pathFilter(patterns);
  expect(matching.filter((each) => !matches(each))).toEqual([]);
  expect(others.filter(matches)).toEqual([]);
});

it('knows whether a pattern takes matches back', () => {
  expect([takesBack(['a', '!b']), takesBack(['a'])]).toEqual([true, false]);
});
