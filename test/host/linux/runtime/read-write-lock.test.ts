import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Gate } from '../../../../src/host/linux/runtime/read-write-lock.js';

describe('Gate', () => {
  it('lets many pass together, one alone, and nobody in between', async () => {
    const gate = new Gate();
    const seen: string[] = [];
    const act = (name: string) => async () => {
      seen.push(`+${name}`);
      await sleep(5);
      seen.push(`-${name}`);
    };
    await Promise.all([
      gate.together(act('a')),
      gate.together(act('b')),
      gate.byItself(act('X')),
      gate.together(act('c')),
      gate.byItself(act('Y')),
    ]);
    expect(seen.join(' ')).toBe('+a +b -a -b +X -X +c -c +Y -Y');
  });

  it('passes a failure on and is open after it', async () => {
    const gate = new Gate();
    const fail = async () => {
      throw new Error('no');
    };
    await expect(gate.together(fail)).rejects.toThrow('no');
    await expect(gate.byItself(fail)).rejects.toThrow('no');
    expect(await gate.together(async () => 1)).toBe(1);
  });
});
