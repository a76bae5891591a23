import { UserError } from '../../model/errors.js';
import { ID_RANGES, type IdRange, idRange } from '../../model/id-range.js';
import type { Instance } from '../../model/instance.js';
import { digest } from '../../model/json.js';
import type { ContainerSpec } from '../../model/specs.js';
import { type Context, isOthers } from './context.js';

/** The ids of each container with a user namespace of its own, by name. */
export type IdRanges = ReadonlyMap<string, IdRange>;

/**
 * What is on record is kept; the others get the next free one, counted from a place that differs
 * from installation to installation. Ranges of containers that are about to go are not given out,
 * for their processes still run.
 */
export function leaseIds(instances: Instance[], context: Context): IdRanges {
  const wanted = instances.filter(({ entry }) => entry.userns === 'auto');
  if (wanted.length === 0) return new Map();
  const own = new Map<string, IdRange>();
  const taken = new Set<number>();
  for (const row of context.rows) {
    const { userns } = row.spec as Partial<ContainerSpec>;
    if (row.kind !== 'container' || !userns) continue;
    taken.add(userns.first);
    if (!isOthers(row, context)) own.set(row.name, userns);
  }
  const free = freeRanges(taken, Number.parseInt(digest(context.site.root, 8), 16));
  return new Map(
    wanted.map(({ name, path }) => {
      const range = own.get(name) ?? free.next().value;
      if (!range) throw noneLeft(name, context.config.where(path));
      return [name, range];
    }),
  );
}

function* freeRanges(taken: ReadonlySet<number>, start: number): Generator<IdRange, undefined> {
  for (let step = 0; step < ID_RANGES; step++) {
    const range = idRange((start + step) % ID_RANGES);
    if (!taken.has(range.first)) yield range;
  }
}

function noneLeft(name: string, where: string): UserError {
  return new UserError(
    `${where}: cannot give container ${name} a user namespace: all ${ID_RANGES} ranges of ids are taken`,
    'Leave out userns where it is not needed',
  );
}
