import { ID_RANGES, type IdRange, idRange } from '../../../model/container-values.js';
import { UserError } from '../../../model/errors.js';
import type { Instance } from '../../../model/instance.js';
import { digest } from '../../../model/json.js';
import type { ContainerSpec } from '../../../model/specs.js';
import { type Context, isOthers } from '../../desired-context.js';

/** The id range of each container with its own user namespace, by name. */
export type IdRanges = ReadonlyMap<string, IdRange>;

/**
 * Recorded ranges are kept; other containers get the next free range, starting at an offset
 * specific to the installation. Ranges of containers about to be deleted are not reused, because
 * their processes still run.
 */
export function leaseIds(instances: Instance[], context: Context): IdRanges {
  const requesting = instances.filter(({ entry }) => entry.userns === 'auto');
  if (requesting.length === 0) return new Map();
  const own = new Map<string, IdRange>();
  const taken = new Set<number>();
  for (const row of context.rows) {
    const { userns } = row.spec as Partial<ContainerSpec>;
    if (row.kind !== 'container' || !userns) continue;
    taken.add(userns.first);
    if (!isOthers(row, context)) own.set(row.name, userns);
  }
  const free = freeRanges(taken, Number.parseInt(digest(context.paths.root, 8), 16));
  return new Map(
    requesting.map(({ name, path }) => {
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
    `${where}: container ${name} cannot get a user namespace: all ${ID_RANGES} id ranges are in use`,
    'Leave out userns where it is not needed',
  );
}
