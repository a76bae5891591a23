import { describe, expect, it } from 'vitest';
import { netnsPath } from '../../src/model/install-paths.js';
import type { ContainerSpec } from '../../src/model/specs.js';
import { MemoryStack } from '../support/memory-stack.js';

const ID = 'one.web';
const MINUTE = 60_000;

const file = (more = '', service = 'web') => `name: one
images:
  base: { size: 64M, from: { host: { binaries: [/bin/busybox] } }, command: [busybox, httpd, -f] }
bridges:
  front: { subnet: 10.77.1.0/24, host: 10.77.1.1 }
containers:
  ${service}: { image: base, bridges: [front]${more && `, ${more}`} }
`;

const CHECKED = file('healthcheck: { tcp: 80, start_period: 1s }');

const NOTHING = 'No changes. Your infrastructure matches the configuration.';
const left = (note: string) => `${NOTHING}\n\nLeft as it is:\n  container.web ${note}`;

/** A stack that has been running for a minute. */
async function running(text: string): Promise<MemoryStack> {
  const stack = new MemoryStack();
  await stack.apply(text);
  stack.host.now += MINUTE;
  return stack;
}

const verbs = (stack: MemoryStack, text: string) =>
  stack.plan(text).units.flatMap(({ steps }) => steps.map(({ verb }) => verb));

/** As soon as it runs. */
function endSoon({ host }: MemoryStack, id: string, code: number): void {
  const timer = setInterval(() => {
    if (!host.running.has(id)) return;
    clearInterval(timer);
    host.end(id, code);
  }, 10);
}

const factsOf = (stack: MemoryStack) =>
  stack.rows.find(({ kind }) => kind === 'container')?.facts as Record<string, unknown>;

describe('a health check', () => {
  it('that succeeds changes nothing, not even the row', async () => {
    const stack = await running(CHECKED);
    const before = structuredClone(stack.rows);
    expect(stack.plan(CHECKED)).toEqual({ stack: 'one', changes: [], units: [] });
    await stack.apply(CHECKED);
    expect(stack.rows).toEqual(before);
  });

  it('runs no more often than its interval', async () => {
    const stack = await running(CHECKED);
    for (const wait of [0, 29_000, 2000, 1000]) {
      stack.host.now += wait;
      await stack.apply(CHECKED);
    }
    expect(stack.host.asked.get(ID)?.times).toBe(2);
  });

  it('runs as often as start_interval says while it starts', async () => {
    const text = file('healthcheck: { tcp: 80, start_period: 70s, start_interval: 2s }');
    const stack = await running(text);
    const times: (number | undefined)[] = [];
    for (const wait of [0, 1000, 1000, 2000, 7000, 2000, 28_000]) {
      stack.host.now += wait;
      await stack.apply(text);
      times.push(stack.host.asked.get(ID)?.times);
    }
    expect(times).toEqual([1, 1, 2, 3, 3, 3, 4]);
  });

  it('that fails is counted silently, and the third failure restarts the container', async () => {
    const stack = await running(CHECKED);
    stack.host.ill.set(ID, 'connection refused');
    const texts: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      texts.push(stack.planText(CHECKED));
      if (round < 2) await stack.apply(CHECKED);
      stack.host.now += MINUTE;
    }
    expect(texts.slice(0, 2)).toEqual([
      left('is failing: 1 failure (connection refused), unhealthy at 3'),
      left('is failing: 2 failures in a row (connection refused), unhealthy at 3'),
    ]);
    expect(texts[2]).toContain(
      'container.web will be updated in-place (unhealthy: 3 failures in a row (connection refused))',
    );
    expect(verbs(stack, CHECKED)).toEqual([
      'container.verify',
      'container.stop',
      'container.start',
    ]);
    const before = stack.host.running.get(ID)?.pid;
    await stack.apply(CHECKED);
    expect(stack.host.running.get(ID)?.pid).not.toBe(before);
    expect(factsOf(stack)).toMatchObject({ restarts: 1 });
    expect(factsOf(stack).health).toBeUndefined();
  });

  it('that succeeds in between resets the count', async () => {
    const stack = await running(CHECKED);
    for (const ill of [true, true, false, true, true]) {
      if (ill) stack.host.ill.set(ID, 'status 503');
      else stack.host.ill.delete(ID);
      await stack.apply(CHECKED);
      stack.host.now += MINUTE;
    }
    expect(factsOf(stack).health).toMatchObject({ failures: 2 });
  });

  it('does not count during the start period', async () => {
    const text = file('healthcheck: { tcp: 80, retries: 1, start_period: 5m }');
    const stack = await running(text);
    stack.host.ill.set(ID, 'connection refused');
    expect(stack.planText(text)).toBe(left('is starting: connection refused'));
    await stack.apply(text);
    stack.host.now += 5 * MINUTE;
    expect(verbs(stack, text)).toEqual(['container.verify', 'container.stop', 'container.start']);
  });

  it('with on_failure: none is a note, and its row is written once', async () => {
    const text = file('healthcheck: { tcp: 80, retries: 1, on_failure: none }');
    const stack = await running(text);
    stack.host.ill.set(ID, 'status 500');
    await stack.apply(text);
    const before = structuredClone(stack.rows);
    stack.host.now += MINUTE;
    expect(stack.planText(text)).toBe(left('is unhealthy: 1 failure (status 500)'));
    await stack.apply(text);
    expect(stack.rows).toEqual(before);
  });

  it('with on_failure: stop stops it until the file changes it', async () => {
    const text = file('healthcheck: { tcp: 80, retries: 1, on_failure: stop }');
    const stack = await running(text);
    stack.host.ill.set(ID, 'status 500');
    expect(verbs(stack, text)).toEqual(['container.stop']);
    await stack.apply(text);
    expect(stack.host.running.size).toBe(0);
    stack.host.now += 60 * MINUTE;
    expect(stack.planText(text)).toBe(left('is stopped: unhealthy: 1 failure (status 500)'));
    const edited = file('healthcheck: { tcp: 8080, retries: 1, on_failure: stop }');
    await stack.apply(edited);
    expect(stack.host.running.has(ID)).toBe(true);
    expect(factsOf(stack).halted).toBeUndefined();
  });

  it('that is added in the file keeps the process', async () => {
    const stack = await running(file());
    expect(stack.plan(CHECKED).changes.map(({ reasons }) => reasons)).toEqual([
      ['healthcheck added'],
    ]);
    expect(verbs(stack, CHECKED)).toEqual([]);
  });
});

describe('back-off', () => {
  it('waits 10 s, 20 s … 5 min between starts', async () => {
    const stack = await running(file());
    stack.host.end(ID, 1);
    await stack.apply(file());
    for (const wait of [10, 20, 40, 80, 160, 300, 300]) {
      stack.host.end(ID, 1);
      stack.host.now += wait * 1000 - 1;
      expect(stack.plan(file()).changes).toEqual([]);
      stack.host.now += 1;
      await stack.apply(file());
      expect(stack.host.running.has(ID)).toBe(true);
    }
  });

  it('is a note with time and reason, and no change', async () => {
    const stack = await running(file());
    stack.host.end(ID, 1);
    await stack.apply(file());
    stack.host.now += 3000;
    stack.host.end(ID, 137);
    expect(stack.planText(file())).toBe(
      left('is waiting: next try in 7 s (ended with 137 SIGKILL)'),
    );
    expect(factsOf(stack).last_exit).toEqual({ code: 1, outOfMemory: false });
  });

  it('is reset after running for twice as long, and after a reboot', async () => {
    const stack = await running(file());
    for (const _ of 'ab') {
      stack.host.end(ID, 1);
      stack.host.now += 10_000;
      await stack.apply(file());
    }
    expect(factsOf(stack).restarts).toBe(2);
    stack.host.now += 40_000;
    stack.host.end(ID, 1);
    await stack.apply(file());
    expect(factsOf(stack).restarts).toBe(1);
    stack.host.reboot();
    expect(stack.plan(file()).changes.map(({ address }) => address)).toContain('container.web');
  });

  it('does not delay changes of the file', async () => {
    const stack = await running(file());
    for (const _ of 'ab') {
      stack.host.end(ID, 1);
      await stack.apply(file());
    }
    expect(stack.plan(file()).changes).toEqual([]);
    expect(verbs(stack, file('stop_signal: SIGINT'))).toEqual(['container.start']);
  });

  it('grows with a container that was never healthy', async () => {
    const text = file('healthcheck: { tcp: 80, retries: 1, interval: 1s }');
    const stack = await running(text);
    stack.host.ill.set(ID, 'connection refused');
    for (let round = 0; round < 3; round += 1) {
      stack.host.now += 5 * MINUTE;
      await stack.apply(text);
    }
    expect(factsOf(stack).restarts).toBe(3);
    stack.host.now += 5000;
    expect(stack.planText(text)).toBe(
      left('is waiting: next try in 35 s (unhealthy: connection refused)'),
    );
  });

  it('gives up after on-failure:1, with a note', async () => {
    const text = file('restart: on-failure:1');
    const stack = await running(text);
    for (const _ of 'ab') {
      stack.host.end(ID, 3);
      await stack.apply(text);
    }
    expect(stack.planText(text)).toBe(left('is given up after one restart (ended with 3)'));
  });
});

describe('a paused container', () => {
  const PAUSED = left('is paused: its health is not asked, and nothing of it is healed');

  it('is neither checked nor restarted, and the count is reset afterwards', async () => {
    const stack = await running(CHECKED);
    stack.host.ill.set(ID, 'connection refused');
    for (const _ of [1, 2]) {
      await stack.apply(CHECKED);
      stack.host.now += MINUTE;
    }
    stack.host.frozen.add(ID);
    const times = stack.host.asked.get(ID)?.times;
    for (let round = 0; round < 5; round += 1) {
      expect(stack.planText(CHECKED)).toBe(PAUSED);
      await stack.apply(CHECKED);
      stack.host.now += MINUTE;
    }
    expect(stack.host.asked.get(ID)?.times).toBe(times);
    expect(factsOf(stack).health).toBeUndefined();
    stack.host.frozen.delete(ID);
    expect(stack.planText(CHECKED)).toBe(
      left('is failing: 1 failure (connection refused), unhealthy at 3'),
    );
  });

  it('is not restarted for drift, and takes changes of the file', async () => {
    const stack = await running(file());
    stack.host.frozen.add(ID);
    stack.host.mounts.delete(netnsPath(stack.paths, ID));
    expect(stack.planText(file())).toBe(PAUSED);
    expect(verbs(stack, file('limits: { memory: 64M }'))).toEqual(['container.limits']);
  });

  it('is not healthy for its dependents', async () => {
    const text = `${file('depends_on: { db: { condition: service_healthy } }')}  db: { image: base, bridges: [front], healthcheck: { tcp: 80 } }\n`;
    const stack = await running(text);
    stack.host.frozen.add('one.db');
    stack.host.end(ID, 1);
    await stack.apply(text);
    expect(stack.events.filter(({ type }) => type === 'unit-failed')).toEqual([
      expect.objectContaining({
        error: 'cannot start what depends on db: it is not healthy: it is paused',
      }),
    ]);
  });
});

describe('depends_on', () => {
  const pair = (condition: string, db: string) =>
    `${file(
      `depends_on: { db: { condition: ${condition} } }`,
    )}  db: { image: base, bridges: [front], ${db} }\n`;
  const healthy = pair('service_healthy', 'healthcheck: { tcp: 80, interval: 1s, retries: 1 }');
  const completed = pair('service_completed_successfully', 'restart: "no"');

  it('service_healthy waits just before the start, no longer than the check can take', async () => {
    const stack = new MemoryStack();
    const put = stack.plan(healthy).units.find(({ id }) => id === 'put container.web');
    expect(put?.steps.map(({ verb }) => verb)).toEqual([
      'container.wire',
      'container.disk',
      'container.mount',
      'container.await',
      'container.start',
    ]);
    expect(put?.steps[3]).toMatchObject({
      reason: 'db: service_healthy',
      args: { limit: 3000, dependency: { id: 'one.db', target: { address: '10.77.1.3' } } },
    });
    await stack.apply(healthy);
    expect([...stack.host.running.keys()]).toEqual(['one.db', 'one.web']);
    expect(stack.host.asked.get('one.db')?.times).toBe(1);
  });

  it('service_healthy fails the dependent after a timeout', async () => {
    const stack = new MemoryStack();
    stack.host.ill.set('one.db', 'status 500');
    await stack.apply(healthy);
    expect(stack.events.filter(({ type }) => type === 'unit-failed')).toEqual([
      expect.objectContaining({
        address: 'container.web',
        error: 'cannot start what depends on db: it is not healthy 3 s after its start: status 500',
      }),
    ]);
  });

  it('service_completed_successfully waits for the exit, and fails for a nonzero code', async () => {
    const stack = new MemoryStack();
    endSoon(stack, 'one.db', 0);
    await stack.apply(completed);
    expect([...stack.host.running.keys()]).toEqual(['one.web']);

    const other = new MemoryStack();
    endSoon(other, 'one.db', 4);
    await other.apply(completed);
    expect(other.events.filter(({ type }) => type === 'unit-failed')).toEqual([
      expect.objectContaining({
        address: 'container.web',
        error: 'cannot start what depends on db: it is not complete: it ended with 4',
      }),
    ]);
  });

  const failures = ({ events }: MemoryStack) =>
    events.flatMap((event) => (event.type === 'unit-failed' ? [event.error] : []));

  it('service_completed_successfully is checked by later applies too', async () => {
    const stack = new MemoryStack();
    endSoon(stack, 'one.db', 4);
    for (let round = 0; round < 3; round += 1) await stack.apply(completed);
    expect(failures(stack)).toEqual(
      Array(3).fill('cannot start what depends on db: it is not complete: it ended with 4'),
    );
    expect([...stack.host.running.keys()]).toEqual([]);
  });

  it('service_completed_successfully uses the recorded exit after a reboot', async () => {
    const stack = new MemoryStack();
    endSoon(stack, 'one.db', 0);
    await stack.apply(completed);
    await stack.apply(completed);
    stack.host.reboot();
    await stack.apply(completed);
    expect(failures(stack)).toEqual([]);
    expect([...stack.host.running.keys()]).toEqual(['one.web']);
  });

  it('service_healthy keeps an exited dependent stopped while its dependency is unhealthy', async () => {
    const stack = await running(healthy);
    stack.host.end(ID, 1);
    stack.host.end('one.db', 1);
    stack.host.ill.set('one.db', 'status 500');
    await stack.apply(healthy);
    expect(failures(stack)).toHaveLength(1);
    expect([...stack.host.running.keys()]).toEqual(['one.db']);
    stack.host.ill.clear();
    stack.host.now += MINUTE;
    await stack.apply(healthy);
    expect([...stack.host.running.keys()]).toEqual(['one.db', 'one.web']);
  });

  it('a running container is not stopped for a restart that its condition would prevent', async () => {
    const stack = await running(healthy);
    stack.host.ill.set('one.db', 'status 500');
    const before = stack.host.running.get(ID)?.pid;
    await stack.executePlan(
      stack.plan(healthy, { restart: ['container.web'], targets: ['container.web'] }),
    );
    expect(stack.host.running.get(ID)?.pid).toBe(before);
  });

  it('service_started is met by a started container, not by a stopped one', async () => {
    const text = pair('service_started', 'restart: "no"');
    const stack = await running(text);
    stack.host.end('one.db', 1);
    stack.host.end(ID, 1);
    await stack.apply(text);
    expect([...stack.host.running.keys()]).toEqual([ID]);
    const stop = (spec: ContainerSpec): ContainerSpec => ({ ...spec, stopped: true });
    await stack.executePlan(stack.planRecorded('one', 'db', stop));
    stack.host.end(ID, 1);
    stack.host.now += 10 * MINUTE;
    await stack.apply(text);
    expect(failures(stack)).toEqual([
      'cannot start what depends on db: it is not started: it is stopped, or was never started',
    ]);
  });

  it('orders restarts and, in reverse, removals', async () => {
    const stack = new MemoryStack();
    await stack.apply(healthy);
    stack.host.reboot();
    const order = stack.plan(healthy).units.map(({ id }) => id);
    expect(order.indexOf('put container.db')).toBeLessThan(order.indexOf('put container.web'));
    const back = stack.planDestroy('one').units.map(({ id }) => id);
    expect(back.indexOf('drop container.web')).toBeLessThan(back.indexOf('drop container.db'));
  });
});

it('heal: immediate is turned on and off without a restart', async () => {
  const stack = await running(file());
  await stack.apply(file('heal: immediate'));
  expect([...stack.host.healing]).toEqual([ID]);
  expect(verbs(stack, file())).toEqual(['container.heal']);
  await stack.apply(file());
  expect([...stack.host.healing]).toEqual([]);
});

describe('setting the clock', () => {
  const YEARS = 2 * 365 * 24 * 60 * MINUTE;
  const HOURS = 120 * MINUTE;

  it.each([
    ['ahead by two years at the time of the start', YEARS, 0],
    ['back by two hours since', 0, -HOURS],
    ['ahead by two hours since', 0, HOURS],
  ])('%s does not change the restart time of an exited container', async (_how, then, now) => {
    const text = file('restart: always');
    const stack = new MemoryStack();
    stack.host.skew = then;
    await stack.apply(text);
    for (const wait of [0, 10_000]) {
      stack.host.end(ID, 1);
      stack.host.now += wait;
      await stack.apply(text);
    }
    stack.host.end(ID, 1);
    stack.host.skew = now;
    expect(stack.planText(text)).toBe(left('is waiting: next try in 20 s (ended with 1)'));
    stack.host.now += 20_000;
    expect(stack.planText(text)).toContain('(process 1006 ended with 1)');
  });

  it('back neither extends a start period nor stops the check', async () => {
    const text = file('healthcheck: { tcp: 80, retries: 1, start_period: 90s }');
    const stack = new MemoryStack();
    stack.host.skew = HOURS;
    await stack.apply(text);
    stack.host.now += MINUTE;
    await stack.apply(text);
    stack.host.skew = 0;
    stack.host.ill.set(ID, 'connection refused');
    stack.host.now += MINUTE;
    expect(verbs(stack, text)).toEqual(['container.verify', 'container.stop', 'container.start']);
  });

  it('back does not make a recovered container count as failing', async () => {
    const text = file(
      'healthcheck: { tcp: 80, retries: 1, start_period: 0s }, restart: on-failure:1',
    );
    const stack = new MemoryStack();
    stack.host.skew = YEARS;
    await stack.apply(text);
    stack.host.end(ID, 1);
    await stack.apply(text);
    stack.host.skew = 0;
    for (let round = 0; round < 10; round += 1) {
      stack.host.now += MINUTE;
      await stack.apply(text);
    }
    stack.host.ill.set(ID, 'status 500');
    stack.host.now += MINUTE;
    expect(verbs(stack, text)).toEqual(['container.verify', 'container.stop', 'container.start']);
  });
});
