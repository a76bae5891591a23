import type { Probe } from '../../host/ports.js';
import { endOf } from '../../kinds/container/restart-decision.js';
import { kinds } from '../../kinds/index.js';
import { LockedError } from '../../model/errors.js';
import { equal } from '../../model/json.js';
import type { Row } from '../../model/resource.js';
import type { Context } from '../context.js';
import type { ContainerRow } from '../lookup.js';

/**
 * Records which processes have ended. Does nothing while another run holds the lock, because that run
 * does the same.
 */
export async function refreshRows(context: Context, probe: Probe): Promise<void> {
  if (outdatedRows(context.state().rows, probe, context).length === 0) return;
  const lock = await context.lock({ timeoutMs: 0, stragglersMs: 0 }).catch((error: unknown) => {
    if (error instanceof LockedError) return undefined;
    throw error;
  });
  if (!lock) return;
  try {
    const store = await context.store();
    await Promise.all(outdatedRows(store.rows, probe, context).map((row) => store.put(row)));
  } finally {
    lock.release();
  }
}

/** The updated rows of containers that have ended. One started after the observation is not among them. */
export function outdatedRows(
  rows: readonly Row[],
  probe: Probe,
  { paths }: Context,
): ContainerRow[] {
  return rows.flatMap((row) => {
    if (row.kind !== 'container' || row.status !== 'ready') return [];
    const { spec, facts } = row as ContainerRow;
    if (facts.pid === undefined || probe.process(facts.pid) !== undefined) return [];
    const exit = kinds.container.observe(spec, facts, probe, paths)?.exit;
    const ended = endOf(facts, exit);
    if (!ended || equal(facts.ended, ended)) return [];
    return [{ ...(row as ContainerRow), facts: { ...facts, ended } }];
  });
}
