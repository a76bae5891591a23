import { expect, it } from 'vitest';
import { Context } from '../../src/app/context.js';
import { isNoOp } from '../../src/app/no-op-check.js';
import { loadConfig } from '../../src/formats/baleine/load.js';
import type { Host } from '../../src/host/ports.js';
import { installPaths } from '../../src/model/install-paths.js';
import type { Row } from '../../src/model/resource.js';
import type { CachedRecords } from '../../src/state/state-cache.js';
import { MemoryHost } from '../support/memory-host.js';

const ROOT = '/var/lib/baleine';

/** For which an earlier run has found that the file agrees with these records. */
class Agreed extends Context {
  reached = false;

  constructor(readonly rows: Row[] | undefined) {
    super({ file: 'baleine.yaml', root: ROOT, color: false });
  }

  override mayHaveStale = () => false;
  override isConfigInSync = () => true;
  override cachedRecords(): CachedRecords | undefined {
    return this.rows && { rows: this.rows, serial: '1', fingerprint: '1' };
  }

  override host(): Promise<Host> {
    this.reached = true;
    return super.host();
  }
}

const look = () => Promise.resolve(new MemoryHost(installPaths(ROOT)).probe());
const configOf = (images: string) => {
  const text = `name: shop\nimages: { ${images} }`;
  return loadConfig({ file: 'baleine.yaml', text, env: {}, directory: '/srv' });
};
const NOTHING = configOf('');
const LOST: Row = {
  kind: 'volume',
  stack: 'shop',
  name: 'data',
  status: 'ready',
  spec: { path: '/nowhere' },
  facts: {},
  needs: [],
  protect: false,
};

it('is a no-op if file, state and host agree', async () => {
  expect(await isNoOp(new Agreed([]), NOTHING, look())).toBe(true);
  const others = { ...LOST, stack: 'other' };
  expect(await isNoOp(new Agreed([others]), NOTHING, look())).toBe(true);
});

it('is not if something is missing', async () => {
  expect(await isNoOp(new Agreed([LOST]), NOTHING, look())).toBe(false);
});

it('is not if the state has changed', async () => {
  expect(await isNoOp(new Agreed(undefined), NOTHING, look())).toBe(false);
});

it('is not if the observation failed because another run has the lock', async () => {
  const failed = Promise.reject(new Error('cannot run flock: exit code 1'));
  expect(await isNoOp(new Agreed([]), NOTHING, failed)).toBe(false);
});

it('is not if a registry has to be asked, and does not ask it', async () => {
  const context = new Agreed([]);
  const config = configOf('a: { from: { registry: "x:1" }, pull: always }');
  expect(await isNoOp(context, config, look())).toBe(false);
  expect(context.reached).toBe(false);
});
