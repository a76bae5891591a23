import { availableParallelism } from 'node:os';

/** Shares work out: as many parts as there are processors, four at most, none empty. */
export function lanes<T>(all: readonly T[]): T[][] {
  const count = Math.min(availableParallelism(), 4);
  const split = Array.from({ length: count }, (_, lane) =>
    all.filter((_each, index) => index % count === lane),
  );
  return split.filter((lane) => lane.length > 0);
}
