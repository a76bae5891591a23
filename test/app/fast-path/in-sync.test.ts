import { describe, expect, it } from 'vitest';
import { configMatchesState, planInputFingerprint } from '../../../src/app/fast-path/in-sync.js';
import { loadConfig } from '../../../src/formats/load.js';
import type { Context } from '../../../src/kinds/desired-context.js';
import { installPaths } from '../../../src/model/install-paths.js';
import { type Resource, type Row, resourceFromRow } from '../../../src/model/resource.js';

const row = (name: string, more: Partial<Row> = {}): Row => ({
  kind: 'volume',
  stack: 'shop',
  name,
  status: 'ready',
  spec: { path: `/srv/${name}` },
  facts: {},
  needs: [],
  protect: false,
  ...more,
});
const ROWS = [row('a'), row('b')];
const ASKED = ROWS.map(resourceFromRow);
const [A, B] = ASKED as [Resource, Resource];

describe('a file matches the state', () => {
  it.each<[string, Resource[], Row[]]>([
    ['when it asks for just what they say', ASKED, ROWS],
    ['in another order', [B, A], ROWS],
    ['about nothing', [], []],
    ['whatever it needs', [{ ...A, needs: ['image.base'] }, B], ROWS],
    ['but for a spare, which is there only in between', [...ASKED, spare('c')], ROWS],
    ['though it leaves something undefined', [withSpec(A, { more: undefined }), B], ROWS],
  ])('%s', (_how, resources, rows) => expect(configMatchesState(resources, rows)).toBe(true));

  it.each<[string, Resource[], Row[]]>([
    ['asks for something else', [withSpec(A, { path: '/srv/c' }), B], ROWS],
    ['asks for more of it', [withSpec(A, { more: 1 }), B], ROWS],
    ['protects it', [{ ...A, protect: true }, B], ROWS],
    ['asks for one more', [...ASKED, resourceFromRow(row('c'))], ROWS],
    ['asks for one less', [A], ROWS],
    ['asks for another one', [A, resourceFromRow(row('c'))], ROWS],
    ['asks for a thing of another kind', [A, { ...B, address: 'image.b' }], ROWS],
    ['asks for what is not finished', ASKED, [row('a'), row('b', { status: 'pending' })]],
    ['does not ask for a spare that is left', [A, { ...B, spare: true }], ROWS],
  ])('not when it %s', (_what, resources, rows) =>
    expect(configMatchesState(resources, rows)).toBe(false),
  );
});

describe('the fingerprint of the plan input', () => {
  const config = loadConfig({ file: 'f', text: 'name: shop', env: {}, directory: '/srv' });
  const INPUT: Context = {
    config,
    rows: ROWS,
    paths: installPaths('/var/lib/baleine'),
    sources: { base: '1' },
    origins: {},
    profiles: { '/srv/p.json': '1' },
    scale: {},
  };
  const MARK = planInputFingerprint(INPUT);

  it('is equal for equal input', () => {
    expect(planInputFingerprint({ ...INPUT, sources: { base: '1' } })).toBe(MARK);
  });

  it.each<[string, string]>([
    ['files of an image', planInputFingerprint({ ...INPUT, sources: { base: '2' } })],
    ['seccomp profile', planInputFingerprint({ ...INPUT, profiles: {} })],
    ['number of servers', planInputFingerprint({ ...INPUT, scale: { web: 2 } })],
    ['root', planInputFingerprint({ ...INPUT, paths: installPaths('/srv') })],
    [
      'foreign image',
      planInputFingerprint({
        ...INPUT,
        origins: { base: { layers: '1', image: '2', bytes: 1, config: { environment: {} } } },
      }),
    ],
  ])('differs for another %s', (_what, mark) => expect(mark).not.toBe(MARK));
});

function spare(name: string): Resource {
  return { ...resourceFromRow(row(name)), spare: true };
}

function withSpec(resource: Resource, more: object): Resource {
  return { ...resource, spec: { ...(resource.spec as object), ...more } };
}
