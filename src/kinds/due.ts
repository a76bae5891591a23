import { type DueFacts, needsWork } from '../model/due.js';
import type { Row } from '../model/resource.js';
import { kinds } from './index.js';
import type { AnyKind } from './kind.js';

/**
 * Whether there is work for an apply in one of the rows: something is due, a time has to be worked out,
 * or a failure reported. Compares numbers only.
 */
export function hasDueWork(rows: readonly Row[], now: number): boolean {
  return rows.some(({ kind, spec, facts }) => {
    const { schedules }: Pick<AnyKind, 'schedules'> = kinds[kind];
    return schedules !== undefined && needsWork(schedules(spec), facts as DueFacts, now);
  });
}
