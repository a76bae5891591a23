import { defineConfig } from 'vitest/config';
import { lacking } from './test/support/lacking.js';
import { privateHostPool } from './test/support/pool.js';

const lacks = lacking();
if (lacks) console.warn(`kernel tests are skipped: ${lacks}\n`);

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          setupFiles: ['test/support/kill-guard.ts'],
          include: ['test/**/*.test.ts'],
          exclude: ['test/kernel/**', 'test/vm/**'],
          // Generous: a slow machine is no failure.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Vitest leaves a core to its own process, which has little to do: half of a small machine.
          maxWorkers: '100%',
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'kernel',
          setupFiles: ['test/support/kill-guard.ts'],
          include: ['test/kernel/**/*.test.ts'],
          // A pattern that nothing matches: then each test counts as skipped and no hook runs.
          ...(lacks ? { testNamePattern: /(?!)/ } : { pool: privateHostPool() }),
          globalSetup: lacks ? [] : ['test/support/global-setup.ts'],
          // Some wait for probes and ticks of real time; a busy CI machine gets a second look, reported as such.
          retry: process.env.CI ? 1 : 0,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: { poll: { timeout: 20_000 } },
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
