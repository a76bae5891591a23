import type { Probe } from '../host/ports.js';
import { dueForHealth } from '../kinds/container/health.js';
import { kinds } from '../kinds/index.js';
import type { Config } from '../model/config.js';
import { type Row, resourceFromRow } from '../model/resource.js';
import { hostMatchesState } from '../plan/in-sync.js';
import { observe } from '../plan/observe.js';
import { type Context, isOrphanedOneOff, ReadOnlyContext } from './context.js';
import { desiredInput } from './plan-input.js';

/**
 * Whether there is nothing to do: an earlier run has found that the file asks for just what is on
 * record, neither has changed since, and the host has all of it. Most runs from cron end here.
 *
 * It writes nothing, so it needs no lock: what another run changes is another record from its first
 * step on. False whenever there is more to find out, as from a registry; whatever is wrong, also that
 * another has the lock, is for the run that asks for the lock to tell.
 */
export async function isNoOp(
  context: Context,
  config: Config,
  looking: Promise<Probe>,
): Promise<boolean> {
  try {
    if (context.mayHaveStale()) return false;
    const records = context.cachedRecords();
    if (!records) return false;
    const { rows } = records;
    if (rows.some(isOrphanedOneOff)) return false;
    const given = await desiredInput(config, new ReadOnlyContext(context.options), rows);
    if (!context.isConfigInSync(given, records)) return false;
    const own = rows.filter(({ stack }) => stack === config.name);
    const probe = await looking;
    // who is to be asked how it is must be asked with the lock
    if (dueForHealth(own, probe, context.paths).length > 0) return false;
    return hostMatchesRecord(context, own, config.name, probe);
  } catch {
    return false;
  }
}

/** @param rows of the stack */
export function hostMatchesRecord(
  { paths }: Context,
  rows: readonly Row[],
  stack: string,
  probe: Probe,
): boolean {
  const observed = observe(kinds, rows.map(resourceFromRow), rows, probe, paths, stack);
  return hostMatchesState(rows, observed, kinds);
}
