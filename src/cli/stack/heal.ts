import type { Command } from 'commander';
import type { Context } from '../../app/context.js';
import { planHeal } from '../../app/make-plan.js';
import { propose, withStore } from '../../app/with-lock.js';
import type { ContainerVerbs } from '../../kinds/container/verbs.js';
import type { Plan } from '../../model/plan.js';
import type { Row } from '../../model/resource.js';
import type { ContainerSpec } from '../../model/specs.js';
import type { StepOf } from '../../model/step.js';
import { findDestroyed } from '../../state/notebook.js';
import { addCommonOptions } from '../options.js';
import { openContext } from '../terminal.js';

/** Another baleine that is at work for longer will see for itself what has ended. */
const LOCK_TIMEOUT = 10_000;

/** What a container's monitor calls when it ends; no one else has a use for it. */
export function register(program: Command): void {
  const command = program
    .command('heal', { hidden: true })
    .description('start one container again, if it has ended and its restart policy says so')
    .argument('<id>', 'as STACK.NAME');
  addCommonOptions(command).action(async (id: string, _options: unknown, self: Command) => {
    process.exitCode = await heal(openContext(self), id);
  });
}

/** An unfinished row is for the next apply. So is one that is to wait before it is tried again. */
async function heal(context: Context, id: string): Promise<number> {
  // without a row no lock is taken, which would make the folder of a state that is gone
  if (!rowOf(context.state().rows, id)) return 0;
  // whether it stays up is told by the next apply; others that have ended wait for the lock
  const how = { autoApprove: true, quiet: true, verify: false };
  const options = { ...how, lockTimeout: LOCK_TIMEOUT, lockSkip: true };
  const code = await withStore(context, options, async (store) => {
    const row = rowOf(store.rows, id);
    if (row?.status !== 'ready' || findDestroyed(context.site.root, { stack: row.stack })) return 0;
    const plan = await planHeal(context, row, store.rows);
    // the next apply waits for what it depends on, and tells when that does not come
    if (!(await areMet(context, plan))) return 0;
    return propose(context, plan, store, options, false);
  });
  return code ?? 0;
}

/** Whether all that it depends on is there now. */
async function areMet(context: Context, { units }: Plan): Promise<boolean> {
  const steps = units.flatMap((unit) => unit.steps as StepOf<ContainerVerbs>[]);
  const asked = steps.flatMap((step) =>
    step.verb === 'container.await' ? [step.args.dependency] : [],
  );
  if (asked.length === 0) return true;
  const { isMet } = await import('../../kinds/container/await.js');
  const { health } = await context.host();
  const met = await Promise.all(asked.map((each) => isMet(health, each)));
  return met.every(Boolean);
}

function rowOf(rows: readonly Row[], id: string): Row | undefined {
  return rows.find(({ kind, spec }) => kind === 'container' && (spec as ContainerSpec).id === id);
}
