import { expect, it, vi } from 'vitest';
import { attended, interruptible } from '../../src/cli/interrupt.js';

const listeners = () => ['SIGINT', 'SIGTERM', 'SIGHUP'].map((each) => process.listenerCount(each));

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'requests a stop at the first %s and exits at the second',
  async (signal) => {
    const before = listeners();
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
    try {
      const stopped = await interruptible(async (stop) => {
        expect(stop.aborted).toBe(false);
        process.emit(signal, signal);
        expect(exit).not.toHaveBeenCalled();
        expect(said).toHaveBeenCalledWith(expect.stringContaining('finishing what has begun'));
        const seen = stop.aborted;
        process.emit(signal, signal);
        return seen;
      });
      expect(stopped).toBe(true);
      expect(exit).toHaveBeenCalledWith(130);
    } finally {
      vi.restoreAllMocks();
    }
    expect(listeners()).toEqual(before);
  },
);

it('asks what is attended to end also if the signal comes to work within it that ends well', async () => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const seen = await attended(async ({ ask, force }) => {
      const inner = await interruptible(async (stop) => {
        process.emit('SIGINT', 'SIGINT');
        return stop.aborted;
      });
      return [inner, ask.aborted, force.aborted];
    });
    expect(seen).toEqual([true, true, false]);
  } finally {
    vi.restoreAllMocks();
  }
});
