import { existsSync, writeFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { ReadOnlyContext, TABLES } from '../../../src/app/context.js';
import { desiredInput } from '../../../src/app/live-plan-host.js';
import { loadConfig } from '../../../src/formats/load.js';
import type { Plan } from '../../../src/model/plan.js';
import type { Row } from '../../../src/model/resource.js';
import { openStore } from '../../../src/state/store.js';
import { renderPlan } from '../../../src/view/plan-text.js';
import { MemoryHost } from '../../support/memory-host.js';
import { MemoryRun, memoryInstallation } from '../../support/memory-run.js';

const OFF = { BALEINE_FAST_PATH: '0' };

const FILE = 'name: shop\nvolumes: { data: {}, logs: { protect: true } }\n';

/** An installation whose tables are old enough, and in which everything recorded is there. */
async function installation() {
  const { dir, paths, file } = memoryInstallation();
  const row = (name: string, more: Partial<Row> = {}): Row => ({
    kind: 'volume',
    stack: 'shop',
    name,
    status: 'ready',
    spec: { path: `${paths.root}/volumes/shop/${name}` },
    facts: {},
    needs: [],
    protect: name === 'logs',
    ...more,
  });
  const host = new MemoryHost(paths);
  const put = async (each: Row) => {
    await openStore(paths, TABLES).put(each);
    host.files.set((each.spec as { path: string }).path, { size: 0, directory: true });
  };
  for (const name of ['data', 'logs']) await put(row(name));
  writeFileSync(file, FILE);
  vi.useFakeTimers({ now: Date.now() + 3000, toFake: ['Date'] });
  const run = (env: NodeJS.ProcessEnv = {}) => new MemoryRun(file, paths, env, host);
  return { dir, paths, file, host, row, put, run };
}

type Installation = Awaited<ReturnType<typeof installation>>;

/** A second run finds what the first has cached; the third has nothing but that. */
async function settle({ run }: Installation): Promise<void> {
  for (const _ of [1, 2]) expect((await run().plan()).changes).toEqual([]);
  expect(await run().isNoOp()).toBe(true);
}

const CASES: [string, (all: Installation) => unknown][] = [
  ['nothing has changed', () => undefined],
  [
    'a volume is lost',
    ({ host, row }) => host.files.delete((row('data').spec as { path: string }).path),
  ],
  ['the file asks for more', ({ file }) => writeFileSync(file, `${FILE}bridges: { net: {} }\n`)],
  [
    'the file says the same in other words',
    ({ file }) => writeFileSync(file, `${FILE}# a comment\n`),
  ],
  [
    'the file asks for less',
    ({ file }) => writeFileSync(file, 'name: shop\nvolumes: { data: {} }\n'),
  ],
  ['a row is gone', ({ paths }) => openStore(paths, TABLES).drop('volume', 'shop', 'data')],
  ['a row is not finished', ({ put, row }) => put(row('data', { status: 'pending' }))],
  ['another stack has changed', ({ put, row }) => put(row('data', { stack: 'other' }))],
];

describe('with and without the fast path', () => {
  it.each(CASES)('a plan is the same when %s', async (_what, happen) => {
    const all = await installation();
    await settle(all);
    await happen(all);
    expect(await outcome(all.run())).toEqual(await outcome(all.run(OFF)));
  });

  it.each(CASES)(
    'apply ends without the lock only if nothing changed: %s',
    async (what, happen) => {
      const all = await installation();
      await settle(all);
      await happen(all);
      const { plan } = await outcome(all.run(OFF));
      const isNoOp = await all.run().isNoOp();
      expect(isNoOp).toBe(what === 'nothing has changed');
      if (isNoOp) expect(plan?.changes).toEqual([]);
      expect(await all.run(OFF).isNoOp()).toBe(false);
    },
  );

  it('a file and the records are read alike', async () => {
    const all = await installation();
    await settle(all);
    const [fast, full] = [all.run(), all.run(OFF)];
    const [cached, parsed] = [await fast.config(), await full.config()];
    expect({ ...cached, where: cached.where(['volumes', 'data']) }).toEqual({
      ...parsed,
      where: parsed.where(['volumes', 'data']),
    });
    const [records, tables] = [fast, full].map((each) => each.fastPath.records());
    expect(records?.rows).toEqual(tables?.rows);
    expect(records?.serial).toBe(tables?.serial);
  });
});

it('without it, no cache is read or written', async () => {
  const { run, paths } = await installation();
  for (const _ of [1, 2]) await run(OFF).plan();
  expect(existsSync(paths.run)).toBe(false);
});

it('apply ends without the lock, whatever other stacks have lost', async () => {
  const all = await installation();
  await all.put(all.row('data', { stack: 'other', spec: { path: '/nowhere' } }));
  vi.setSystemTime(Date.now() + 3000);
  all.host.files.delete('/nowhere');
  await settle(all);
});

describe('apply takes the lock', () => {
  it('if something is missing', async () => {
    const all = await installation();
    await settle(all);
    all.host.files.clear();
    expect(await all.run().isNoOp()).toBe(false);
  });

  it('if the state has changed', async () => {
    const all = await installation();
    await settle(all);
    await all.put(all.row('more'));
    expect(await all.run().isNoOp()).toBe(false);
  });

  it('if the observation failed because another run has the lock', async () => {
    const all = await installation();
    await settle(all);
    const run = all.run();
    run.probeUnlocked = () => Promise.reject(new Error('cannot run flock: exit code 1'));
    expect(await run.isNoOp()).toBe(false);
  });

  it('if a killed run has left something', async () => {
    const all = await installation();
    await settle(all);
    const run = all.run();
    run.needsCleanup = () => true;
    expect(await run.isNoOp()).toBe(false);
  });

  it('if a registry has to be asked, and does not ask it', async () => {
    const all = await installation();
    await settle(all);
    const text = `${FILE}images: { a: { from: { registry: "x:1" }, pull: always } }`;
    const config = loadConfig({ file: all.file, text, env: {}, directory: all.dir });
    const run = all.run();
    await run.config();
    const inputs = vi.fn((rows: readonly Row[]) =>
      desiredInput(config, new ReadOnlyContext(run.options), rows),
    );
    expect(await run.fastPath.checkNoOp()(config, inputs)).toBe(false);
    await expect(inputs.mock.results[0]?.value).rejects.toThrow('without fetching');
  });
});

/** A plan with its text, or the error. */
async function outcome(run: MemoryRun): Promise<{ plan?: Plan; text: string }> {
  try {
    const plan = await run.plan();
    return { plan, text: renderPlan(plan, { color: false }) };
  } catch (error) {
    return { text: String(error) };
  }
}
