import type { Probe } from '../host/ports.js';
import { dueForHealth } from '../kinds/container/health.js';
import type { Row } from '../model/resource.js';
import type { Context } from './context.js';

/**
 * The probe with the results of all health checks that are due; costs nothing if none is.
 *
 * @param note record the checks, for a caller that acts on the results
 */
export async function askHealth(
  context: Context,
  rows: readonly Row[],
  probe: Probe,
  note: boolean,
): Promise<Probe> {
  const due = dueForHealth(rows, probe, context.paths);
  if (due.length === 0) return probe;
  const { health } = await context.host();
  const answers = await health.checkAll(due);
  if (note) await health.recordChecks(due.map(({ id }) => id));
  const answerOf = new Map(due.map(({ id }, index) => [id, answers[index]]));
  return { ...probe, health: (id) => answerOf.get(id) };
}
