import { describe, expect, it } from 'vitest';
import { usableRuntimes } from '../../support/runtimes.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { appliedStack, NOTHING, type Stack } from './stack.js';

/** Leaves a child without a parent, and then does nothing, and never waits for it. */
const FORGETS = [
  'busybox',
  'sh',
  '-c',
  'busybox sh -c "busybox sleep 0.1 & exit 0"; exec busybox sleep 3600',
];

const box = (more: object) => ({
  image: 'box',
  command: IDLE,
  stop_grace_period: '30s',
  ...more,
});

const inside = (stack: Stack, name: string, script: string) =>
  stack.done('exec', name, '--', 'busybox', 'sh', '-c', script);

/** Processes that have ended and that their parent has not waited for. */
const zombies = async (stack: Stack, name: string) =>
  (await inside(stack, name, 'busybox grep -h ^State: /proc/[0-9]*/status')).match(/\tZ /g)?.length;

describe.each(usableRuntimes())('under %s', (runtime) => {
  const containers = {
    init: box({ command: FORGETS, init: true }),
    'init-userns': box({ command: FORGETS, init: true, userns: 'auto', read_only: true }),
    bare: box({ command: FORGETS, stop_signal: 'SIGKILL' }),
  };
  const use = appliedStack({
    name: 'compose',
    images: { box: SMALL_IMAGE },
    containers: Object.fromEntries(
      Object.entries(containers).map(([name, each]) => [name, { ...each, runtime }]),
    ),
  });

  it('leaves nothing to change', async () => {
    expect(await use().plan()).toBe(NOTHING);
  });

  it.each(['init', 'init-userns'])(
    '%s reaps orphans and passes the stop signal on',
    async (name) => {
      await expect.poll(() => zombies(use(), 'bare')).toBe(1);
      expect(await zombies(use(), name)).toBe(undefined);
      expect(use().pids(`compose.${name}`)).toHaveLength(2);
      expect(await inside(use(), name, 'busybox tr "\\0" " " </proc/1/cmdline')).toMatch(
        /^\/dev\/init -- busybox sh -c /,
      );
      // process 1 without an init is never sent a signal that it has no handler for
      const since = Date.now();
      await use().done('stop', name);
      expect(Date.now() - since).toBeLessThan(15_000);
      await use().done('start', name);
    },
  );
});
