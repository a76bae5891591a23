import { expect, it } from 'vitest';
import { containerFilter } from '../../src/app/container-filter.js';
import type { ListedContainer } from '../../src/model/listed-container.js';

const container = (name: string, more: Partial<ListedContainer> = {}): ListedContainer => ({
  name,
  stack: 'shop',
  image: 'web',
  status: 'running',
  addresses: {},
  limits: { pids: 10 },
  ...more,
});
const ALL = [
  container('web-1', { labels: { tier: 'front', a: 'x=y' } }),
  container('web-server-2', { status: 'exited' }),
  container('web-proxy', { labels: { tier: 'edge' } }),
  container('webshop', { image: 'other' }),
];

it.each([
  [['status=exited'], ['web-server-2']],
  [
    ['status=exited', 'status=running'],
    ['web-1', 'web-server-2', 'web-proxy', 'webshop'],
  ],
  [['service=web'], ['web-1', 'web-server-2', 'web-proxy']],
  [
    ['service=web', 'status=running'],
    ['web-1', 'web-proxy'],
  ],
  [['name=shop'], ['webshop']],
  [['label=tier'], ['web-1', 'web-proxy']],
  [['label=a=x=y', 'label=tier=front'], ['web-1']],
  [['label=tier=edge', 'label=a'], []],
  [['health=none', 'image=other', 'stack=shop'], ['webshop']],
  [[], ['web-1', 'web-server-2', 'web-proxy', 'webshop']],
])('finds by %j', (texts, names) => {
  expect(ALL.filter(containerFilter(texts)).map(({ name }) => name)).toEqual(names);
});

it.each([
  ['id=3', 'cannot filter by "id=3": it is not KEY=VALUE with a known key'],
  ['toString=3', 'it is not KEY=VALUE'],
  ['name', 'cannot filter by "name"'],
  ['status=up', 'cannot filter by status "up": there is no such status'],
])('refuses %s', (text, message) => {
  expect(() => containerFilter([text])).toThrow(message);
});
