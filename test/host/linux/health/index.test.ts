import { expect, it } from 'vitest';
import { linuxHealth } from '../../../../src/host/linux/health/index.js';
import type { HealthTarget } from '../../../../src/model/health.js';
import { installPaths } from '../../../../src/model/install-paths.js';

const target = (index: number): HealthTarget => ({
  id: `one.c${index}`,
  address: '127.0.0.1',
  check: {
    exec: ['true'],
    interval: 1000,
    timeout: 60_000,
    retries: 1,
    start_period: 0,
    on_failure: 'restart',
  },
});

it('starts each check even if many before it hang', async () => {
  const hung: (() => void)[] = [];
  const execute = () =>
    new Promise<{ code: number; output: string }>((resolve) => {
      hung.push(() => resolve({ code: 0, output: '' }));
      // no check ends before the last one has started
      if (hung.length === 30) for (const end of hung) end();
    });
  const health = linuxHealth(installPaths('/nowhere'), { execute });
  const answers = await health.checkAll(Array.from({ length: 30 }, (_, index) => target(index)));
  expect(answers).toEqual(Array(30).fill({ healthy: true }));
});
