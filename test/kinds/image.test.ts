import { describe, expect, it } from 'vitest';
import type { Probe } from '../../src/host/ports.js';
import { image } from '../../src/kinds/image/index.js';
import { imageVersion } from '../../src/model/image-version.js';
import { installPaths } from '../../src/model/install-paths.js';
import type { Resource, Row } from '../../src/model/resource.js';
import type { ImageFacts, ImageSpec } from '../../src/model/specs.js';
import { cellsOf } from './cells.js';

const MiB = 2 ** 20;
const paths = installPaths('/var/lib/baleine');
const FILE = '/var/lib/baleine/images/shop.web.img';
const PREVIOUS = '/var/lib/baleine/images/shop.web.previous.img';

const base: ImageSpec = {
  id: 'shop.web',
  size: 64 * MiB,
  from: { host: { binaries: ['/bin/busybox'], files: ['/etc/ssl/certs'] } },
  copy: [],
  run: [],
  config: { environment: {}, command: ['sh'] },
};
const specOf = (more: Partial<ImageSpec> = {}): ImageSpec => ({ ...base, ...more });
const desired = (more?: Partial<ImageSpec>): Resource<ImageSpec> => ({
  address: 'image.web',
  kind: 'image',
  name: 'web',
  spec: specOf(more),
  needs: [],
  protect: false,
});
const rowOf = (more?: Partial<Row<ImageSpec, ImageFacts>>): Row<ImageSpec, ImageFacts> => ({
  kind: 'image',
  stack: 'shop',
  name: 'web',
  status: 'ready',
  spec: specOf(),
  facts: { created_at: '2026-01-02T03:04:05.000Z' },
  needs: [],
  protect: false,
  ...more,
});
const whole = { size: 64 * MiB };
const probing = (file: ReturnType<Probe['file']>) =>
  ({ file: (path: string) => (path === FILE ? file : undefined) }) as Probe;

/** The steps and reasons in the plan of this change. */
function planned(more: Partial<ImageSpec>, seen = whole, row = rowOf()) {
  const differences = image.compare(desired(more), row, seen);
  const steps = image.update(desired(more), row, seen, differences, paths);
  return [
    ...differences.map(({ cause, effect, reason }) => `${cause} ${effect}: ${reason}`),
    ...steps.map(({ verb, reason }) => `${verb} (${reason})`),
  ];
}

describe('image', () => {
  it('needs nothing if file and row match', () => {
    expect(planned({})).toEqual([]);
  });

  it.each([
    ['size', { size: 128 * MiB }, 'size changed'],
    ['smaller size', { size: 32 * MiB }, 'size changed'],
    ['source', { from: { directory: '/srv/tree' } }, 'source changed'],
    ['base', { base: { file: '/b.img', version: 'abc' } }, 'base image has changed'],
    ['copy', { copy: [{ from: '/a', to: '/b', owner: '0:0' }] }, 'copied files changed'],
    ['run', { run: ['true'] }, 'run lines changed'],
    ['content', { sources: 'abc' }, 'content of its local files has changed'],
  ])('rebuilds in place for another %s', (_name, more, reason) => {
    expect(planned(more)).toEqual([`file update: ${reason}`, `image.build (${reason})`]);
    expect(imageVersion(specOf(more))).not.toBe(imageVersion(base));
  });

  it('names the local files whose content changed', () => {
    const copy = [{ from: '/srv/conf', to: '/etc', owner: '0:0' }];
    const found = (from: ImageSpec['from']) => {
      const row = rowOf({ spec: specOf({ from, copy, sources: 'abc' }) });
      const after = desired({ from, copy, sources: 'def' });
      return image.compare(after, row, whole).map(({ attribute, files }) => [attribute, files]);
    };
    expect(found({ directory: '/srv/tree' })).toEqual([['sources', ['/srv/tree', '/srv/conf']]]);
    expect(found({ tar: '/srv/a.tar' })).toEqual([['sources', ['/srv/a.tar', '/srv/conf']]]);
    expect(found({ image: 'base' })).toEqual([['sources', ['/srv/conf']]]);
  });

  it('rewrites only the row if only inherited settings change', () => {
    const config = { environment: { A: '1' }, command: ['true'] };
    expect(planned({ config })).toEqual([
      'file update: command changed',
      'file update: environment changed',
    ]);
    expect(imageVersion(specOf({ config }))).toBe(imageVersion(base));
  });

  it('gives the build only the reasons that require it', () => {
    const config = { environment: { A: '1' } };
    const steps = planned({ config, run: ['true'], size: MiB }).filter((line) => /\(/.test(line));
    expect(steps).toEqual(['image.build (size changed, run lines changed)']);
  });

  it('rebuilds a pending image even if row and file match', () => {
    expect(planned({}, whole, rowOf({ status: 'pending' }))).toEqual([
      'image.build (an earlier build was interrupted)',
    ]);
  });

  it('distinguishes a failed build from an interrupted one', () => {
    const facts = { failure: 'cannot build it: no space' } as ImageFacts;
    expect(planned({}, whole, rowOf({ status: 'pending', facts }))).toEqual([
      'image.build (the last build failed: cannot build it: no space)',
    ]);
  });

  it('keeps the version that containers run on, once and only if intact', () => {
    const [version, built] = [imageVersion(base), 'image.build (run lines changed)'];
    const kept = 'image.keep (containers run on it and may roll back to it)';
    const steps = (row = rowOf(), seen = whole) =>
      planned({ run: ['true'], previous: version }, seen, row).filter((line) =>
        line.startsWith('image.'),
      );
    expect(steps()).toEqual([kept, built]);
    const again = rowOf({ status: 'pending', facts: { kept: version } });
    expect(steps(again)[0]).toBe(built.replace(')', ', an earlier build was interrupted)'));
    expect(steps(rowOf(), { size: 100 })).toHaveLength(1);
    expect(imageVersion(specOf({ previous: version }))).toBe(version);
  });

  it('detects a truncated file', () => {
    const reason = 'image file has 100 bytes instead of 64M';
    expect(planned({}, { size: 100 })).toEqual([
      `drift update: ${reason}`,
      `image.build (${reason})`,
    ]);
  });

  it('passes everything to the build except recorded settings', () => {
    const spec = { from: { image: 'base' }, base: { file: '/b.img', version: 'v' } };
    expect(image.create(desired(spec), 'new', paths)).toEqual([
      {
        verb: 'image.build',
        args: {
          id: 'shop.web',
          file: FILE,
          size: 64 * MiB,
          from: { image: 'base' },
          base: '/b.img',
          copy: [],
          run: [],
          environment: {},
        },
        reason: 'new',
      },
    ]);
  });

  it('removes the file', () => {
    expect(image.remove(rowOf(), 'gone', paths)).toEqual([
      { verb: 'image.remove', args: { id: 'shop.web', files: [FILE, PREVIOUS] }, reason: 'gone' },
    ]);
  });

  it('observes the file, and only a file', () => {
    const observe = (file: ReturnType<Probe['file']>) =>
      image.observe(base, undefined, probing(file), paths);
    expect(observe({ size: 7, used: 7, directory: false })).toEqual({ size: 7 });
    expect(observe({ size: 4096, used: 0, directory: true })).toBeUndefined();
    expect(observe(undefined)).toBeUndefined();
    expect(image.assume(base, {})).toEqual(whole);
  });

  it('refuses a path in use', () => {
    const foreign = (file: ReturnType<Probe['file']>) => image.foreign(base, probing(file), paths);
    expect(foreign({ size: 7, used: 7, directory: false })).toContain(FILE);
    expect(foreign(undefined)).toBeUndefined();
  });

  it.each([
    [base.from, 'host busybox,certs'],
    [{ debian: { suite: 'bookworm', packages: [], variant: 'minbase' } }, 'debian bookworm'],
    [{ tar: '/srv/rootfs.tar.zst' }, 'tar rootfs.tar.zst'],
    [{ directory: '/srv/rootfs' }, 'directory rootfs'],
    [{ image: 'base' }, 'image base'],
  ])('shows the source %j in its table', (from, text) => {
    const row = rowOf({ spec: specOf({ from }) });
    const values = cellsOf(image.table.columns, row);
    const cells = image.table.columns.map(({ header }, index) => [header, values[index]]);
    expect(cells.slice(0, 4)).toEqual([
      ['ID', 'shop.web'],
      ['NOM_IMAGE', 'web'],
      ['TAILLE', '64M'],
      ['SOURCE', text],
    ]);
    expect(cells.at(-1)).toEqual(['CREATION', '2026-01-02T03:04:05.000Z']);
  });
});
