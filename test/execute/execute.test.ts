import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/execute/events.js';
import type { HandlerTable } from '../../src/execute/execute.js';
import { type ExecuteDeps, execute } from '../../src/execute/execute.js';
import type { Action, Change, Plan, Unit } from '../../src/model/plan.js';
import { isNeverCreated, pendingReason, type Row } from '../../src/model/resource.js';
import { type Work, workNow } from '../../src/model/step.js';

type Sketch = Partial<Pick<Unit, 'needs' | 'keepFacts' | 'mode'>> & { steps?: string[] };

/** `put('a', {steps: ['make', 'start']})`: the argument of each step is the name. */
function put(name: string, { steps = ['make'], ...rest }: Sketch = {}): Unit {
  const mode = rest.mode ?? 'put';
  return {
    id: `${mode} volume.${name}`,
    address: `volume.${name}`,
    kind: 'volume',
    name,
    mode,
    spec: { path: `/${name}` },
    resourceNeeds: [],
    protect: false,
    keepFacts: false,
    steps: steps.map((verb) => ({ verb, args: name, reason: 'new' })),
    needs: [],
    ...rest,
  };
}

const drop = (name: string, rest: Sketch = {}) =>
  put(name, { mode: 'drop', keepFacts: true, ...rest });

function planOf(units: Unit[], actions: Record<string, Action> = {}): Plan {
  const names = [...new Set(units.map(({ name }) => name))];
  const changes = names.map((name): Change => {
    const mode = units.find((unit) => unit.name === name)?.mode;
    const action = actions[name] ?? (mode === 'drop' ? 'delete' : 'create');
    return {
      address: `volume.${name}`,
      action,
      reasons: [],
      differences: [],
      drift: false,
    };
  });
  return { stack: 'shop', changes, units };
}

/** Keeps rows and a log of all handler calls and writes of rows. */
function bench(handlers: HandlerTable, deps: Partial<ExecuteDeps> = {}, rows: Row[] = []) {
  const log: string[] = [];
  const events: Event[] = [];
  const table = new Map(rows.map((row) => [row.name, row]));
  const store: ExecuteDeps['store'] = {
    find: (_kind, _stack, name) => table.get(name),
    put: async (row) => {
      await setImmediate();
      table.set(row.name, row);
      log.push(`row ${row.name} ${row.status} ${JSON.stringify(row.facts)}`);
    },
    drop: async (_kind, _stack, name) => {
      await setImmediate();
      table.delete(name);
      log.push(`no row ${name}`);
    },
  };
  const run = (plan: Plan) =>
    execute(plan, {
      store,
      handlers,
      emit: (event) => events.push(event),
      parallelism: 4,
      stop: new AbortController().signal,
      keepGoing: false,
      ...deps,
    });
  return { log, events, table, run };
}

const one = (act: (name: string) => unknown) => ({
  one: async (args: unknown) => (await act(String(args))) as undefined,
});

const noop = one(() => undefined);

const fails = one((name) => {
  throw new Error(`${name} is broken`);
});

it('keeps the row pending from before the first step until after the last', async () => {
  const { log, run } = bench({
    make: one((name) => void log.push(`make ${name}`)),
    start: one((name) => {
      log.push(`start ${name}`);
      return { pid: 7 };
    }),
    limit: one((name) => {
      log.push(`limit ${name}`);
      return { again: true };
    }),
  });
  await run(planOf([put('a', { steps: ['make', 'start', 'limit'] })]));
  expect(log).toEqual([
    'row a pending {"unmade":true}',
    'make a',
    'start a',
    'row a pending {"unmade":true,"pid":7}',
    'limit a',
    'row a ready {"pid":7,"again":true}',
  ]);
});

it('writes the row as ready at once if there are no steps', async () => {
  const { log, run } = bench({});
  await run(planOf([put('a', { steps: [] })], { a: 'update' }));
  expect(log).toEqual(['row a ready {}']);
});

const row = (name: string): Row => ({
  kind: 'volume',
  stack: 'shop',
  name,
  status: 'ready',
  spec: { path: '/old' },
  facts: { pid: 4 },
  needs: [],
  protect: false,
});

it('keeps the facts of an updated resource, and drops them for a new one', async () => {
  const { log, run } = bench({ make: noop }, {}, [row('a'), row('b')]);
  await run(planOf([put('a', { keepFacts: true }), put('b')]));
  expect(log).toContain('row a ready {"pid":4}');
  expect(log).toContain('row b ready {}');
});

it('drops a row after the last step; until then it is pending and unchanged', async () => {
  const { log, table, run } = bench(
    { stop: one(() => log.push(JSON.stringify(table.get('a')?.spec)) && undefined) },
    {},
    [row('a')],
  );
  await run(planOf([drop('a', { steps: ['stop'] })]));
  expect(log).toEqual(['row a pending {"pid":4}', '{"path":"/old"}', 'no row a']);
});

it('records the old spec of an updated resource until the update is complete', async () => {
  const specs: unknown[] = [];
  const spy = one(() => void specs.push(table.get('a')?.spec));
  const { table, run } = bench({ limit: spy }, {}, [row('a')]);
  await run(planOf([put('a', { steps: ['limit'], keepFacts: true })], { a: 'update' }));
  expect([...specs, table.get('a')?.spec]).toEqual([{ path: '/old' }, { path: '/a' }]);
});

it('replaces by a drop and a put, always recorded, and starts without facts', async () => {
  const { log, run } = bench({ stop: noop, make: noop }, {}, [row('a')]);
  const units = [drop('a', { steps: ['stop'] }), put('a', { needs: ['drop volume.a'] })];
  const outcome = await run(planOf(units, { a: 'replace' }));
  expect(log).toEqual([
    'row a pending {"pid":4}',
    'row a pending {}',
    'row a pending {}',
    'row a ready {}',
  ]);
  expect(outcome.counts).toEqual({ added: 1, changed: 0, destroyed: 1, forgotten: 0 });
});

it('runs units after their dependencies, and others concurrently', async () => {
  const order: string[] = [];
  const make = one(async (name) => {
    order.push(`${name} begins`);
    for (let turn = 0; turn < 5; turn += 1) await setImmediate();
    order.push(`${name} ends`);
  });
  const { run } = bench({ make });
  const needs = ['put volume.a', 'put volume.b'];
  await run(planOf([put('a'), put('b'), put('c', { needs })]));
  expect(order.slice(0, 2).sort()).toEqual(['a begins', 'b begins']);
  expect(order.slice(4)).toEqual(['c begins', 'c ends']);
});

it('limits the number of concurrent single steps', async () => {
  let now = 0;
  let most = 0;
  const make = one(async () => {
    now += 1;
    most = Math.max(most, now);
    await setImmediate();
    now -= 1;
  });
  const { run } = bench({ make }, { parallelism: 3 });
  const units = Array.from({ length: 20 }, (_, index) =>
    put(`v${index}`, { steps: ['make', 'make'] }),
  );
  expect(await run(planOf(units))).toMatchObject({ status: 'done', counts: { added: 20 } });
  expect(most).toBe(3);
});

/** A promise that somebody else fulfills. */
function deferred() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describe('a step that waits', () => {
  /** Ends when as many wait as there are. */
  const waitingFor = (count: number, then: (work: Work) => Promise<unknown>) => {
    const all = deferred();
    let waiting = 0;
    const wait = async (name: unknown, work: Work = workNow) => {
      waiting += 1;
      if (waiting === count) all.resolve();
      await all.promise;
      await then(work);
      return { waited: name };
    };
    return { waits: true, one: wait } as const;
  };

  it('takes a slot only for its work', async () => {
    let [working, most] = [0, 0];
    const wait = waitingFor(20, (work) =>
      work(async () => {
        working += 1;
        most = Math.max(most, working);
        await setImmediate();
        working -= 1;
      }),
    );
    const { run } = bench({ wait }, { parallelism: 2 });
    const units = Array.from({ length: 20 }, (_, index) => put(`v${index}`, { steps: ['wait'] }));
    expect(await run(planOf(units))).toMatchObject({ status: 'done', counts: { added: 20 } });
    expect(most).toBe(2);
  });

  it('lets others work in the meantime, and they start when its own work is over', async () => {
    const made: string[] = [];
    const { promise, resolve } = deferred();
    const wait = waitingFor(1, async (work) => {
      await work(setImmediate);
      // the one that works now has got the slot that is free again
      await promise;
    });
    const make = one((name) => {
      made.push(name);
      if (made.length === 3) resolve();
    });
    const { run } = bench({ wait, make }, { parallelism: 1 });
    const others = ['a', 'b', 'c'].map((name) => put(name));
    const outcome = await run(planOf([put('slow', { steps: ['wait', 'make'] }), ...others]));
    expect(outcome).toMatchObject({ status: 'done', counts: { added: 4 } });
    expect(made).toEqual(['a', 'b', 'c', 'slow']);
  });

  it('is completed after an interrupt, and nothing starts behind it', async () => {
    const stop = new AbortController();
    const wait = waitingFor(3, (work) => work(async () => stop.abort()));
    const { log, run } = bench({ wait, make: noop }, { stop: stop.signal, parallelism: 1 });
    const units = ['a', 'b', 'c'].map((name) => put(name, { steps: ['wait', 'make'] }));
    const outcome = await run(planOf(units));
    expect(outcome).toMatchObject({ status: 'interrupted', counts: { added: 0 }, failed: [] });
    // each had its row saved before and after the step
    expect(log).toHaveLength(6);
  });
});

it('runs a batch once for all units that reach it, fast or slow', async () => {
  const batches: number[] = [];
  const all = async (args: unknown[]) => {
    batches.push(args.length);
    return args.map(() => undefined);
  };
  const { run } = bench({ make: noop, wire: { all }, start: noop }, { parallelism: 2 });
  const units = Array.from({ length: 50 }, (_, index) =>
    put(`v${index}`, { steps: index % 2 ? ['make', 'wire', 'start'] : ['wire', 'start'] }),
  );
  await run(planOf([put('slow', { steps: ['make', 'make', 'make'] }), ...units]));
  expect(batches).toEqual([50]);
});

it('does not let batches wait for each other forever', async () => {
  const all = async (args: unknown[]) => args.map(() => undefined);
  const { run } = bench({ wire: { all }, unwire: { all } });
  const units = [put('a', { steps: ['wire', 'unwire'] }), put('b', { steps: ['unwire', 'wire'] })];
  expect((await run(planOf(units))).status).toBe('done');
});

it('fails only the unit for which a batch returns an error', async () => {
  const all = async (args: unknown[]) =>
    args.map((name) => (name === 'b' ? new Error('no veth') : { wired: true }));
  const { table, run } = bench({ wire: { all }, start: noop });
  const steps = ['wire', 'start'];
  const outcome = await run(planOf(['a', 'b', 'c'].map((name) => put(name, { steps }))));
  expect(outcome.failed).toEqual([{ unit: 'put volume.b', address: 'volume.b', error: 'no veth' }]);
  expect([...table.values()].map(({ status }) => status).sort()).toEqual([
    'pending',
    'ready',
    'ready',
  ]);
});

it.each([
  ['rejects', () => Promise.reject(new Error('ip is missing')), 'ip is missing'],
  ['returns too few results', async () => [], '"wire" returned 0 results for 2 steps'],
])('fails every unit of a batch that %s', async (_how, all, error) => {
  const { run } = bench({ wire: { all } });
  const outcome = await run(planOf(['a', 'b'].map((name) => put(name, { steps: ['wire'] }))));
  expect(outcome.failed.map((each) => each.error)).toEqual([error, error]);
});

it('skips dependents of a failure, names the culprit, and completes the rest', async () => {
  const { log, events, run } = bench({ make: noop, fail: fails });
  const outcome = await run(
    planOf([
      put('a', { steps: ['fail', 'make'] }),
      put('b', { needs: ['put volume.a'] }),
      put('c', { needs: ['put volume.b'] }),
      put('d'),
    ]),
  );
  expect(outcome).toMatchObject({
    status: 'failed',
    counts: { added: 1 },
    failed: [{ address: 'volume.a', error: 'a is broken' }],
    skipped: [
      { address: 'volume.b', cause: 'volume.a failed' },
      { address: 'volume.c', cause: 'volume.a failed' },
    ],
  });
  expect(log.filter((line) => line.includes('a '))).toEqual([
    'row a pending {"unmade":true}',
    'row a pending {"unmade":true,"failure":"a is broken"}',
  ]);
  expect(events.filter(({ type }) => type === 'unit-skipped')).toHaveLength(2);
});

it('records why a change failed until it is retried, without secrets', async () => {
  const failed = one(() => {
    throw new Error(`https://joe:pw@host: key s3cret \x1b\nmore ${'x'.repeat(999)}`);
  });
  const { log, table, run } = bench({ fail: failed, make: noop });
  const unit = put('a', { steps: ['fail'] });
  await run(planOf([{ ...unit, spec: { environment: { KEY: 's3cret' } } }]));
  const failure = 'https://***@host: key *** \\u001b';
  expect(table.get('a')?.facts).toEqual({ unmade: true, failure });
  await run(planOf([put('a', { keepFacts: true })]));
  expect(log.slice(2)).toEqual(['row a pending {"unmade":true}', 'row a ready {}']);
});

it('records no failure for steps killed with it or not started', async () => {
  const stop = new AbortController();
  const ended = one(() => {
    stop.abort();
    throw new Error('killed');
  });
  const { table, run } = bench({ make: ended }, { stop: stop.signal });
  await run(planOf([put('a')]));
  expect(table.get('a')?.facts).toEqual({ unmade: true });
  const other = bench({ make: noop });
  await other.run(planOf([{ ...put('b'), blocked: 'no room' }]));
  expect(other.log).toEqual([]);
});

it('records which failure kept a replacement from being made, not an interruption', async () => {
  const rows = [row('a'), row('b')];
  const { table, run } = bench({ unmake: noop, make: noop, fail: fails }, {}, rows);
  const units = [
    put('image', { steps: ['fail'] }),
    drop('a', { steps: ['unmake', 'unmake'] }),
    put('a', { needs: ['drop volume.a', 'put volume.image'] }),
    put('b', { needs: ['put volume.image'], keepFacts: true }),
  ];
  await run(planOf(units));
  const facts = { failure: 'volume.image failed' };
  expect(table.get('a')).toMatchObject({ status: 'pending', facts });
  expect(pendingReason(table.get('a') as Row)).toBe('the last run failed: volume.image failed');
  expect(table.get('b')).toMatchObject({ status: 'ready', facts: {} });
});

it('keeps the failure of a removal when its replacement is skipped', async () => {
  const { table, run } = bench({ fail: fails, make: noop }, {}, [row('a')]);
  const units = [drop('a', { steps: ['fail'] }), put('a', { needs: ['drop volume.a'] })];
  await run(planOf(units));
  expect(table.get('a')?.facts).toMatchObject({ failure: 'a is broken' });
});

it('continues with dependents of a failure if keepGoing is set', async () => {
  const { run } = bench({ make: noop, fail: fails }, { keepGoing: true }, [row('a'), row('b')]);
  const units = [drop('a', { steps: ['fail'] }), drop('b', { needs: ['drop volume.a'] })];
  expect(await run(planOf(units))).toMatchObject({
    status: 'failed',
    counts: { destroyed: 1 },
    skipped: [],
  });
});

it('fails a unit whose row cannot be written, before its first step', async () => {
  const made: string[] = [];
  const { run } = bench(
    { make: one((name) => void made.push(name)) },
    {
      store: {
        find: () => undefined,
        put: () => Promise.reject(new Error('disk full')),
        drop: async () => {},
      },
    },
  );
  expect((await run(planOf([put('a')]))).failed).toMatchObject([{ error: 'disk full' }]);
  expect(made).toEqual([]);
});

it('starts nothing after a stop, and saves the result of the running step', async () => {
  const stop = new AbortController();
  const { log, run } = bench(
    {
      start: one(async () => {
        stop.abort();
        await setImmediate();
        return { pid: 7 };
      }),
      make: noop,
    },
    { stop: stop.signal, parallelism: 1 },
  );
  const outcome = await run(
    planOf([put('a', { steps: ['start', 'make'] }), put('b', { needs: ['put volume.a'] })]),
  );
  expect(log).toEqual(['row a pending {"unmade":true}', 'row a pending {"unmade":true,"pid":7}']);
  expect(outcome).toMatchObject({ status: 'interrupted', counts: { added: 0 }, failed: [] });
  expect(outcome.skipped.map(({ address, cause }) => [address, cause]).sort()).toEqual([
    ['volume.a', 'interrupted'],
    ['volume.b', 'interrupted'],
  ]);
});

it('is done if the stop came during the last step', async () => {
  const stop = new AbortController();
  const { run } = bench({ make: one(() => stop.abort()) }, { stop: stop.signal });
  expect((await run(planOf([put('a')]))).status).toBe('done');
});

it('rejects a plan that it cannot execute before doing anything', async () => {
  const { log, run } = bench({ make: noop });
  await expect(run(planOf([put('a'), put('b', { steps: ['fly'] })]))).rejects.toThrow(
    'cannot execute "fly": no kind has this verb',
  );
  await expect(run(planOf([put('a'), put('b', { steps: ['toString'] })]))).rejects.toThrow(
    'toString',
  );
  const unsorted = [put('a', { needs: ['put volume.b'] }), put('b')];
  await expect(run(planOf(unsorted))).rejects.toThrow('"put volume.a" comes before "put volume.b"');
  expect(log).toEqual([]);
});

it('reports everything in order', async () => {
  const { events, run } = bench({ make: noop, fail: fails });
  await run(planOf([put('a'), put('b', { steps: ['fail'], needs: ['put volume.a'] })]));
  expect(events.map(({ type }) => type)).toEqual([
    'plan-started',
    'unit-started',
    'step-started',
    'step-done',
    'unit-done',
    'unit-started',
    'step-started',
    'step-failed',
    'unit-failed',
    'finished',
  ]);
  expect(events[2]).toEqual({
    type: 'step-started',
    unit: 'put volume.a',
    address: 'volume.a',
    verb: 'make',
    reason: 'new',
  });
  expect(events.at(-1)).toMatchObject({ status: 'failed', counts: { added: 1 } });
});

it('has a correct row if it dies after any step', async () => {
  const seen: string[] = [];
  const spy = one(() => {
    const now = table.get('a');
    seen.push(`${now?.status} ${JSON.stringify(now?.facts)}`);
    return { [`step${seen.length}`]: true };
  });
  const { table, run } = bench({ make: spy });
  await run(planOf([put('a', { steps: ['make', 'make', 'make'] })]));
  expect(seen).toEqual([
    'pending {"unmade":true}',
    'pending {"unmade":true,"step1":true}',
    'pending {"unmade":true,"step1":true,"step2":true}',
  ]);
  expect(table.get('a')?.status).toBe('ready');
});

it('remembers that a resource was never completed, even if later attempts differ', async () => {
  const { table, run } = bench({ make: fails, clear: noop });
  const remembered = () => isNeverCreated(table.get('a') as Row);
  await run(planOf([put('a', { steps: ['make'] })]));
  expect(remembered()).toBe(true);
  await run(
    planOf([
      drop('a', { steps: ['clear'] }),
      put('a', { needs: ['drop volume.a'], steps: ['make'] }),
    ]),
  );
  expect(remembered()).toBe(true);
  table.set('a', row('a'));
  await run(planOf([put('a', { steps: ['make'] })], { a: 'update' }));
  expect(remembered()).toBe(false);
});
