import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ReadWriteLock } from '../../../../src/host/linux/runtime/read-write-lock.js';

describe('ReadWriteLock', () => {
  it('admits many readers or one writer', async () => {
    const lock = new ReadWriteLock();
    const seen: string[] = [];
    const act = (name: string) => async () => {
      seen.push(`+${name}`);
      await sleep(5);
      seen.push(`-${name}`);
    };
    await Promise.all([
      lock.shared(act('a')),
      lock.shared(act('b')),
      lock.exclusive(act('X')),
      lock.shared(act('c')),
      lock.exclusive(act('Y')),
    ]);
    expect(seen.join(' ')).toBe('+a +b -a -b +X -X +c -c +Y -Y');
  });

  it('passes a failure on and is unlocked after it', async () => {
    const lock = new ReadWriteLock();
    const fail = async () => {
      throw new Error('no');
    };
    await expect(lock.shared(fail)).rejects.toThrow('no');
    await expect(lock.exclusive(fail)).rejects.toThrow('no');
    expect(await lock.shared(async () => 1)).toBe(1);
  });
});
