import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { usableRuntimes } from '../../support/runtimes.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { NOTHING, Stack } from '../spine/stack.js';

/** One idle container with some keys. */
const file = (more: object) => ({
  name: 'keys',
  images: { box: SMALL_IMAGE },
  containers: { box: { image: 'box', command: IDLE, stop_signal: 'SIGKILL', ...more } },
});

describe.each(usableRuntimes())('%s', (runtime) => {
  it(
    'oom_score_adj is what the kernel has of each process, and a changed one replaces the container',
    inPrivateHost(async (host) => {
      const stack = new Stack(host, file({ runtime, oom_score_adj: 700 }));
      await stack.apply();
      const scores = () =>
        stack.pids('keys.box').map((pid) => readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8'));
      expect(new Set(scores())).toEqual(new Set(['700\n']));
      expect(await stack.plan()).toBe(NOTHING);
      const changed = new Stack(host, file({ runtime, oom_score_adj: 5 }));
      expect(await changed.plan()).toContain('oom_score_adj: 700 → 5');
      await changed.apply();
      expect(new Set(scores())).toEqual(new Set(['5\n']));
      await changed.destroy();
      expect(await host.leaks()).toEqual([]);
    }),
  );
});
