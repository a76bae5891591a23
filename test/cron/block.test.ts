import fc from 'fast-check';
import { expect, it } from 'vitest';
import { blockOf, filesOf, withBlock, withoutBlock } from '../../src/cron/block.js';

const OTHERS = '# my own\nMAILTO=admin\n5 4 * * *  backup  \n';

it('adds a block at the end, and changes nothing the second time', () => {
  const once = withBlock(OTHERS, '/srv/a.yaml', ['* * * * * a']);
  expect(once).toBe(
    `${OTHERS}# baleine begin /srv/a.yaml\n* * * * * a\n# baleine end /srv/a.yaml\n`,
  );
  expect(withBlock(once, '/srv/a.yaml', ['* * * * * a'])).toBe(once);
});

it('replaces a block where it stands', () => {
  const both = withBlock(withBlock(OTHERS, '/a', ['1']), '/b', ['2']);
  const changed = withBlock(`${both}0 0 * * * last\n`, '/a', ['3']);
  expect(changed).toBe(
    `${OTHERS}# baleine begin /a\n3\n# baleine end /a\n# baleine begin /b\n2\n# baleine end /b\n0 0 * * * last\n`,
  );
  expect(filesOf(changed)).toEqual(['/a', '/b']);
  expect(blockOf(changed, '/b')).toBe('# baleine begin /b\n2\n# baleine end /b\n');
});

it('does not match a file whose name only starts the same', () => {
  const text = withBlock('', '/srv/a.yaml.old', ['x']);
  expect(withoutBlock(text, '/srv/a.yaml')).toBe(text);
});

it('completes a last line without newline, which cron would ignore', () => {
  expect(withBlock('5 4 * * * x', '/a', [])).toMatch(/^5 4 \* \* \* x\n# baleine begin /);
});

it('treats a start marker without an end as one line, because what follows may be the user’s', () => {
  const text = '# baleine begin /a\n1 1 * * * mine\n# baleine begin /b\n2\n# baleine end /b\n';
  expect(withoutBlock(text, '/a')).toBe(
    '1 1 * * * mine\n# baleine begin /b\n2\n# baleine end /b\n',
  );
  const misplaced =
    '# baleine begin /a\n# baleine begin /b\n2\n# baleine end /b\n# baleine end /a\n';
  expect(withoutBlock(misplaced, '/a')).toContain('# baleine begin /b\n2\n# baleine end /b\n');
});

it('restores any crontab exactly', () => {
  const line = fc.oneof(fc.string(), fc.constantFrom('# baleine end /z', '* * * * * x', '', ' '));
  const crontab = fc
    .array(line.map((text) => `${text.replaceAll('\n', '')}\n`))
    .map((all) => all.join(''));
  fc.assert(
    fc.property(crontab, (text) => {
      const with1 = withBlock(text, '/srv/a', ['@reboot x', '* * * * * x']);
      const with2 = withBlock(with1, '/srv/b', ['y']);
      expect(withoutBlock(withoutBlock(with2, '/srv/a'), '/srv/b')).toBe(text);
      expect(withoutBlock(withoutBlock(with2, '/srv/b'), '/srv/a')).toBe(text);
    }),
  );
});
