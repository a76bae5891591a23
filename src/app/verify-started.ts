import { setTimeout as sleep } from 'node:timers/promises';
import type { Verdict } from '../execute/execute.js';
import { isDown, isSteady } from '../kinds/container/restart-decision.js';
import { kinds } from '../kinds/index.js';
import { IMPERATIVE_STACK } from '../model/address.js';
import { UserError } from '../model/errors.js';
import { CRASH_LOOP, describeExit, LAST_LINE } from '../model/exit.js';
import type { Unit } from '../model/plan.js';
import type { Row } from '../model/resource.js';
import type { ContainerFacts, ContainerSpec } from '../model/specs.js';
import type { Store } from '../state/store.js';
import type { Context } from './context.js';

type ContainerRow = Row<ContainerSpec, ContainerFacts>;

/** Milliseconds after the last start, within which most containers that cannot run have ended. */
const SETTLE_TIME = 500;

/**
 * Checks the containers that a plan has started. A container that has ended already is a failure; one
 * that runs, but was restarted at least twice in a row, is reported with the number of the try. A
 * container whose restart policy lets it end with 0 is neither.
 */
export async function verifyStarted(
  context: Context,
  store: Store,
  units: readonly Unit[],
  stack: string,
): Promise<Verdict[]> {
  const started = units.flatMap((unit) => {
    if (!unit.steps.some(({ verb }) => verb === 'container.start')) return [];
    const row = store.find('container', stack, unit.name) as ContainerRow | undefined;
    return row?.status === 'ready' ? [{ unit, row }] : [];
  });
  if (started.length === 0) return [];
  await sleep(SETTLE_TIME);
  const probe = await context.probe();
  const { lastLogLine } = await import('../host/linux/runtime/logs.js');
  return started.flatMap(({ unit, row }) => {
    const { spec, facts } = row;
    const seen = kinds.container.observe(spec, facts, probe, context.paths);
    const down = !seen || isDown(spec, seen);
    const tries = facts.restarts ?? 0;
    if (!down && (tries < 2 || !seen.running)) return [];
    const exit = seen?.exit ?? facts.last_exit;
    const why = exit
      ? `ended with ${describeExit(exit)}`
      : down
        ? 'it is gone'
        : 'it was unhealthy';
    const last = lastLogLine(context.paths, spec.id);
    const problem = new UserError(
      [
        spec.restart.name === 'no'
          ? why
          : `${CRASH_LOOP}${tries > 0 ? ` (try ${tries})` : ''}: ${why}`,
        ...(last === undefined ? [] : [`${LAST_LINE}${last}`]),
      ],
      stack === IMPERATIVE_STACK
        ? `baleine container logs ${row.name}`
        : `baleine logs ${row.name}`,
    );
    return [{ unit, problem, isUp: !down }];
  });
}

/** Milliseconds after which a restarted container has recovered. */
const RECOVERED = 20_000;

/**
 * Whether every container of the file's stack runs, or has completed. After a crash loop, whether each
 * has run for long enough to have recovered.
 */
export async function isStackSteady(context: Context, loops: boolean): Promise<boolean> {
  const { name } = await context.config();
  const rows = context.state().rows as readonly Row<ContainerSpec, ContainerFacts>[];
  const own = rows.filter(({ kind, stack }) => kind === 'container' && stack === name);
  if (own.length === 0) return true;
  const probe = await context.probe();
  return own.every((row) => {
    const seen = kinds.container.observe(row.spec, row.facts, probe, context.paths);
    return seen !== undefined && isSteady(row, seen, loops ? RECOVERED : 0);
  });
}
