import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { linuxVolumes } from '../../src/host/linux/volumes/index.js';
import type { Host } from '../../src/host/ports.js';
import { volume } from '../../src/kinds/volume/index.js';
import { installPaths } from '../../src/model/install-paths.js';
import type { DataFacts, Resource, Row } from '../../src/model/resource.js';
import type { VolumeSpec } from '../../src/model/specs.js';
import type { Handler } from '../../src/model/step.js';
import { cellsOf } from './cells.js';
import { fileProbe } from './probe.js';

const paths = installPaths('/var/lib/baleine');
const desired = (path: string): Resource<VolumeSpec> => ({
  address: 'volume.data',
  kind: 'volume',
  name: 'data',
  spec: { path },
  needs: [],
  protect: false,
});
const recorded = (path: string): Row<VolumeSpec, DataFacts> => ({
  ...desired(path),
  stack: 'shop',
  status: 'ready',
  facts: {},
});

describe('a volume', () => {
  it('exists if its folder does', () => {
    const dir = temporary();
    const file = join(dir, 'file');
    writeFileSync(file, '');
    expect(volume.observe({ path: dir }, {}, fileProbe, paths)).toEqual(
      volume.assume({ path: dir }, {}),
    );
    expect(volume.observe({ path: file }, {}, fileProbe, paths)).toBeUndefined();
    expect(volume.observe({ path: `${dir}/none` }, {}, fileProbe, paths)).toBeUndefined();
  });

  it('is rejected if something unrecorded is at its path', () => {
    const dir = temporary();
    expect(volume.foreign({ path: dir }, fileProbe, paths)).toBe(
      `${dir} exists and is in no state file`,
    );
    expect(volume.foreign({ path: `${dir}/none` }, fileProbe, paths)).toBeUndefined();
  });

  it('differs only by its path', () => {
    expect(volume.compare(desired('/a'), recorded('/a'), {})).toEqual([]);
    expect(volume.compare(desired('/b'), recorded('/a'), {})).toMatchObject([
      { attribute: 'path', effect: 'replace', cause: 'file', reason: 'path /a → /b' },
    ]);
  });

  it('is recorded with its path', () => {
    expect(cellsOf(volume.table.columns, recorded('/v/data'))).toEqual([
      'shop.data',
      'data',
      '/v/data',
    ]);
  });

  it('is created, created again without harm, and removed with its content', async () => {
    const path = join(temporary(), 'volumes', 'shop', 'data');
    await executePlan(volume.create(desired(path), 'new', paths));
    expect(statSync(path).mode & 0o777).toBe(0o755);
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
    mkdirSync(join(path, 'sub'));
    writeFileSync(join(path, 'sub', 'file'), 'kept');
    await executePlan(volume.update(desired(path), recorded(path), {}, [], paths));
    expect(existsSync(join(path, 'sub', 'file'))).toBe(true);
    await executePlan(volume.remove(recorded(path), 'gone', paths));
    expect(existsSync(path)).toBe(false);
    await executePlan(volume.remove(recorded(path), 'gone', paths));
  });
});

async function executePlan(steps: ReturnType<typeof volume.create>): Promise<void> {
  const handlers = await volume.handlers({ volumes: linuxVolumes(paths) } as Host, paths);
  for (const { verb, args } of steps) {
    const handler = handlers[verb] as Handler<unknown>;
    if (!('one' in handler)) throw new Error('volumes need no batches');
    await handler.one(args);
  }
}

function temporary(): string {
  const dir = mkdtempSync(join(tmpdir(), 'baleine-volume-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
