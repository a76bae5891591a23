import { kinds } from '../../kinds/index.js';
import type { AnyKind } from '../../kinds/kind.js';
import { type Address, addressOf, parseAddress } from '../../model/address.js';
import { type Schedules, scheduleText } from '../../model/due.js';
import type { Change, Plan } from '../../model/plan.js';
import type { Row } from '../../model/resource.js';
import { nextDue } from '../../model/schedule.js';
import { localTime } from '../../view/tables.js';

/**
 * Says of each new or changed schedule in a plan when it comes for the first time.
 *
 * @param rows of the stack
 */
export function withNextTimes(plan: Plan, rows: readonly Row[], now = new Date()): Plan {
  const specs = new Map(plan.units.map((unit) => [unit.address, unit.spec]));
  const recorded = new Map(rows.map((row) => [addressOf(row.kind, row.name), row.spec]));
  const changes = plan.changes.map((change): Change => {
    const { address, action, reasons } = change;
    if (!['create', 'update', 'replace'].includes(action)) return change;
    const [before, after] = [recorded, specs].map((all) => schedulesOf(address, all.get(address)));
    const fresh = Object.entries(after ?? {}).flatMap(([task, schedule]) => {
      const old = before?.[task];
      if (action === 'update' && old && scheduleText(old) === scheduleText(schedule)) return [];
      const next = nextDue(schedule, now);
      return next === undefined ? [] : [`first ${task} at ${localTime(new Date(next))}`];
    });
    return fresh.length > 0 ? { ...change, reasons: [...reasons, ...fresh] } : change;
  });
  return { ...plan, changes };
}

function schedulesOf(address: Address, spec: unknown): Schedules | undefined {
  const kind = parseAddress(address)?.kind;
  if (!kind || spec === undefined) return undefined;
  return (kinds[kind] as AnyKind).schedules?.(spec);
}
