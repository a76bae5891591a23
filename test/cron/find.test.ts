import { expect, it } from 'vitest';
import { withBlock } from '../../src/cron/block.js';
import { blocksOf, otherLines, stackComment } from '../../src/cron/find.js';
import { linesOf } from '../../src/cron/lines.js';

const lines = (root: string, file: string) =>
  linesOf({
    ...{ schedule: '* * * * *', node: '/usr/bin/node', main: '/opt/baleine/dist/main.js' },
    ...{ root, file, atReboot: true },
  });

it.each(['/var/lib/baleine', "/srv/it's a root", '/srv/a:b --file c'])(
  'reads the root back from a block: %s',
  (root) => {
    const text = withBlock('', '/srv/a.yaml', [
      stackComment('shop'),
      ...lines(root, '/srv/a.yaml'),
    ]);
    expect(blocksOf(text)).toEqual([{ file: '/srv/a.yaml', root, stack: 'shop' }]);
  },
);

it('recognizes a block of release 0.1 by its file only', () => {
  const text = withBlock('', '/srv/b.yaml', lines('/r', '/srv/b.yaml'));
  expect(blocksOf(text)).toEqual([{ file: '/srv/b.yaml', root: '/r' }]);
});

const FOUND = [
  '* * * * * root baleine -f /srv/shop/baleine.yaml apply -y --quiet',
  '* * * * * cd /srv/shop && /usr/local/bin/baleine apply -y',
  "@reboot baleine --file '/srv/shop/baleine.yaml' apply -y",
  '* * * * * node /opt/b/dist/main.js apply -y --stack shop',
  'ExecStart=/usr/local/bin/baleine -f /srv/shop/baleine.yaml apply -y --quiet',
];
const NOT = [
  '# * * * * * root baleine -f /srv/shop/baleine.yaml apply -y',
  '* * * * * root baleine -f /srv/shop/baleine.yaml plan',
  '* * * * * root baleine -f /srv/shop/baleine.yaml.old apply -y',
  '* * * * * root baleine -f /srv/shopping/baleine.yaml apply -y --stack shopping',
  '* * * * * root terraform -f /srv/shop/baleine.yaml apply',
];

it('finds lines written by others, with their numbers, and none in our blocks', () => {
  const block = withBlock('', '/srv/shop/baleine.yaml', lines('/r', '/srv/shop/baleine.yaml'));
  const text = [block.trimEnd(), ...NOT, ...FOUND, ''].join('\n');
  const first = block.split('\n').length + NOT.length;
  expect(otherLines(text, ['/srv/shop/baleine.yaml'], 'shop')).toEqual(
    FOUND.map((each, index) => ({ line: first + index, text: each })),
  );
});
