import { availableParallelism } from 'node:os';

/** Splits work into non-empty parts: one per processor, at most four. */
export function splitWork<T>(all: readonly T[]): T[][] {
  const count = Math.min(availableParallelism(), 4);
  const split = Array.from({ length: count }, (_, lane) =>
    all.filter((_each, index) => index % count === lane),
  );
  return split.filter((lane) => lane.length > 0);
}
