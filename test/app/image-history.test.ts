import { expect, it } from 'vitest';
import type { Context } from '../../src/app/context.js';
import { imageHistory } from '../../src/app/image-history.js';
import { imageFile, installPaths } from '../../src/model/install-paths.js';

const paths = installPaths('/var/lib/baleine');
const image = (name: string, spec: object) => ({
  ...{ kind: 'image', stack: 'shop', name, status: 'ready', needs: [], protect: false },
  facts: { created_at: '2026-03-01T08:00:00Z' },
  spec: { id: `shop.${name}`, size: 1, copy: [], run: [], config: {}, ...spec },
});

const history = [
  { created: '2026-01-01T00:00:00Z', created_by: 'ADD rootfs.tar' },
  { created_by: '', comment: 'a note' },
  null,
  { created_by: 7 },
];
const rows = [
  image('nginx', {
    from: { registry: 'nginx:1.27' },
    origin: { original: { image: { history } } },
  }),
  image('web', {
    from: { image: 'nginx' },
    base: { file: imageFile(paths, 'shop.nginx'), version: 'x' },
    copy: [{ from: '/site', to: '/srv', owner: '0:0' }],
    run: ['one', 'two'],
  }),
  image('rows', { from: { registry: 'old' } }),
];
const context = { paths, state: () => ({ rows }) } as unknown as Context;
const stepsOf = (name: string) =>
  imageHistory(context, name).map((each) => `${each.image ?? '-'}: ${each.step}`);

it('lists the steps of an image and of what it was made from, the last one first', () => {
  expect(stepsOf('web')).toEqual([
    ...['web: run two', 'web: run one', 'web: copy /site to /srv', 'web: from image nginx'],
    ...['nginx: from registry nginx:1.27', '-: a note', '-: ADD rootfs.tar'],
  ]);
});

it('says no more than is recorded', () => {
  expect(stepsOf('rows')).toEqual(['rows: from registry old']);
  expect(() => stepsOf('none')).toThrow('there is no image "none"');
});
