import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { poll } from '../../src/model/poll.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Probes that give these results, the last one forever; records when each was made. */
function probes<T>(...results: T[]) {
  const start = Date.now();
  const times: number[] = [];
  const probe = () => {
    times.push(Date.now() - start);
    return results[Math.min(times.length, results.length) - 1] as T;
  };
  return { probe, times };
}

/** Lets the fake clock run until the promise is settled. */
async function settled<T>(promise: Promise<T>): Promise<T> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  promise.then(over, over);
  while (!isOver) await vi.advanceTimersByTimeAsync(1);
  return promise;
}

describe('poll', () => {
  it('returns the first result without a timer', async () => {
    const { probe, times } = probes('here');
    expect(await poll(probe, { pause: 10, limit: 100 })).toBe('here');
    expect(times).toEqual([0]);
  });

  it('goes on while there is nothing, and takes 0 and an empty text for results', async () => {
    const number = probes<number | false | undefined>(undefined, false, 0);
    expect(await settled(poll(number.probe, { pause: 10 }))).toBe(0);
    expect(number.times).toEqual([0, 10, 20]);
    const text = probes(undefined, '');
    expect(await settled(poll(text.probe, { pause: 10 }))).toBe('');
  });

  it('awaits a probe, and pauses after its end', async () => {
    const { probe, times } = probes(false, false, true);
    const slow = async () => {
      await new Promise((resolve) => setTimeout(resolve, 7));
      return probe();
    };
    expect(await settled(poll(slow, { pause: 10 }))).toBe(true);
    expect(times).toEqual([7, 24, 41]);
  });

  it('makes pauses longer by half, up to the longest', async () => {
    const { probe, times } = probes(false, false, false, false, false, true);
    await settled(poll(probe, { pause: 100, maxPause: 200 }));
    expect(times).toEqual([0, 100, 250, 450, 650, 850]);
  });

  it('probes a last time at the deadline, and returns what it did not want', async () => {
    const { probe, times } = probes('starting');
    const until = (each: string) => each === 'up';
    expect(await settled(poll(probe, { until, pause: 40, limit: 100 }))).toBe('starting');
    expect(times).toEqual([0, 40, 80, 100]);
  });

  it('takes a result that comes at the deadline', async () => {
    const { probe } = probes(false, false, true);
    expect(await settled(poll(probe, { pause: 50, limit: 100 }))).toBe(true);
  });

  it.each([0, -5])('probes once with a limit of %d', async (limit) => {
    const { probe, times } = probes(undefined);
    expect(await poll(probe, { pause: 10, limit })).toBeUndefined();
    expect(times).toEqual([0]);
  });

  it('counts the time of probes', async () => {
    const { probe, times } = probes(false);
    const slow = async () => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      return probe();
    };
    expect(await settled(poll(slow, { pause: 10, limit: 100 }))).toBe(false);
    expect(times).toEqual([60, 130]);
  });

  it('does not look at a clock that somebody sets', async () => {
    const { probe, times } = probes(false);
    const over = poll(probe, { pause: 60, limit: 100 });
    vi.setSystemTime(Date.now() + 3_600_000);
    expect(await settled(over)).toBe(false);
    expect(times).toHaveLength(3);
  });

  it('fails with the error of a probe', async () => {
    const fails = () => Promise.reject(new Error('it ended'));
    await expect(poll(fails, { pause: 10 })).rejects.toThrow('it ended');
  });
});

describe('an aborted wait', () => {
  const reason = new Error('over');

  it('ends in a pause, at once and without leaving a timer', async () => {
    const { probe, times } = probes(false);
    const controller = new AbortController();
    const over = poll(probe, { pause: 1000, signal: controller.signal });
    await vi.advanceTimersByTimeAsync(10);
    controller.abort(reason);
    await expect(over).rejects.toBe(reason);
    expect(times).toEqual([0]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not probe if it was aborted before', async () => {
    const { probe, times } = probes(true);
    await expect(poll(probe, { pause: 10, signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    expect(times).toEqual([]);
  });

  it('does not pause if it was aborted during a probe, unless that has found it', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const abortAnd = (result: boolean) => () => {
      controller.abort(reason);
      return result;
    };
    await expect(poll(abortAnd(false), { pause: 10, signal })).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
    const other = new AbortController();
    const finds = () => {
      other.abort(reason);
      return true;
    };
    expect(await poll(finds, { pause: 10, signal: other.signal })).toBe(true);
  });

  it('keeps no listener of earlier pauses', async () => {
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    const removed = vi.spyOn(signal, 'removeEventListener');
    await settled(poll(probes(false, false, true).probe, { pause: 10, signal }));
    expect(added).toHaveBeenCalledTimes(2);
    expect(removed).toHaveBeenCalledTimes(2);
  });
});
