import { expect, it } from 'vitest';
import { ReadOnlyContext } from '../../src/app/context.js';
import { usageMeter } from '../../src/cli/ui/page-source.js';
import type { Probe } from '../../src/host/ports.js';
import { installPaths } from '../../src/model/install-paths.js';
import type { Usage } from '../../src/model/usage.js';
import { rowOf } from '../state/sample.js';

it('does not load code that changes the host', async () => {
  const onlooker = new ReadOnlyContext({ file: 'baleine.yaml', root: '/nowhere', color: false });
  await expect(onlooker.host()).rejects.toThrow('without fetching or building it');
});

/** A container that has used so much, of everything. */
class Busy {
  used = 0;
  pid = 41;

  get probe(): Probe {
    const io = [{ device: '7:0', read_bytes: this.used, write_bytes: 2 * this.used }];
    const usage: Usage = {
      cpu_time: 0,
      memory: this.used,
      pids: 1,
      io,
      throttled_periods: 0,
      throttled_time: 0,
      oom_kills: 0,
    };
    return {
      bootId: 'b',
      uptime: 0,
      process: (pid: number) => (pid === this.pid ? { start_time: 1, parent: 1 } : undefined),
      usage: () => usage,
      traffic: () => ({ received: 3 * this.used, sent: 0 }),
    } as unknown as Probe;
  }

  get rows() {
    const facts = { pid: this.pid, start_time: 1, boot_id: 'b' };
    const spec = { id: 'shop.web', limits: { pids: 9, memory: 64 } };
    return [rowOf('image', 'base'), rowOf('container', 'web', { spec, facts })];
  }
}

it('shows bytes per second between two observations, and starts over after a restart', () => {
  const busy = new Busy();
  const meter = usageMeter(installPaths('/nowhere'));
  const look = () => meter(busy.rows, busy.probe).get('web');
  expect(look()).toBeUndefined();
  expect(look()?.rates).toEqual({ received: 0, sent: 0, read: 0, written: 0 });
  busy.used = 1000;
  const { rates, history, memory_limit: limit } = look() ?? {};
  expect(rates?.read).toBeGreaterThan(0);
  expect((rates?.written ?? 0) / (rates?.read ?? 1)).toBeCloseTo(2);
  expect((rates?.received ?? 0) / (rates?.read ?? 1)).toBeCloseTo(3);
  expect({ limit, looks: history?.length }).toEqual({ limit: 64, looks: 2 });

  busy.pid = 42;
  busy.used = 10;
  expect(look()).toBeUndefined();
  expect(look()?.rates.read).toBe(0);
});
