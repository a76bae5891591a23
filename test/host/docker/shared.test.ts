import { describe, expect, it } from 'vitest';
import { shared } from '../../../src/host/docker/shared.js';

/** Calls that end when they are told to. */
function calls() {
  const started: { resolve(value: number): void; reject(error: Error): void }[] = [];
  const call = shared(() => {
    return new Promise<number>((resolve, reject) => started.push({ resolve, reject }));
  });
  return { call, started };
}

const soon = () => new Promise((resolve) => setImmediate(resolve));

describe('a shared call', () => {
  it('is one for all that ask at once', async () => {
    const { call, started } = calls();
    const all = [call(), call(), call()];
    await soon();
    expect(started).toHaveLength(1);
    started[0]?.resolve(1);
    expect(await Promise.all(all)).toEqual([1, 1, 1]);
  });

  it('began after all that get its answer had asked', async () => {
    const { call, started } = calls();
    const first = call();
    await soon();
    const later = [call(), call()];
    await soon();
    expect(started).toHaveLength(1);
    started[0]?.resolve(1);
    expect(await first).toBe(1);
    await soon();
    started[1]?.resolve(2);
    expect(await Promise.all(later)).toEqual([2, 2]);
    expect(started).toHaveLength(2);
  });

  it('that fails fails for those who share it alone', async () => {
    const { call, started } = calls();
    const first = call();
    await soon();
    const second = call();
    started[0]?.reject(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    await soon();
    started[1]?.resolve(2);
    expect(await second).toBe(2);
  });
});
