import type { Command } from 'commander';
import type { Context } from '../../app/context.js';
import type { ContainerRow, StackScope } from '../../app/lookup.js';
import { LockedError } from '../../model/errors.js';
import { addJson, registerNamed, toEach } from './running.js';

export function register(parent: Command, scope: StackScope = 'file'): void {
  const describe = (command: Command) =>
    addJson(command).description('let paused containers go on');
  registerNamed(parent, scope, 'unpause', describe, async (context, rows, options) => {
    const { runtime, health } = await context.host();
    await toEach(rows, 'unpause', options, async (id) => {
      const ran = await runtime.freeze(id, false);
      // it gets an interval to come to itself before it is asked how it is
      if (ran) await health.note([id]);
      return ran;
    });
    await forgetHealth(context, rows);
  });
}

/** Failures before the pause do not count after it. A run that is at work has seen the pause itself. */
async function forgetHealth(context: Context, rows: readonly ContainerRow[]): Promise<void> {
  if (rows.every(({ facts }) => facts.health === undefined)) return;
  const lock = await context.lock({ timeoutMs: 0, stragglersMs: 0 }).catch((error: unknown) => {
    if (error instanceof LockedError) return undefined;
    throw error;
  });
  if (!lock) return;
  try {
    const store = await context.store();
    const found = rows.flatMap(({ kind, stack, name }) => store.find(kind, stack, name) ?? []);
    await Promise.all(
      found.map((row) =>
        store.put({ ...row, facts: { ...(row.facts as object), health: undefined } }),
      ),
    );
  } finally {
    lock.release();
  }
}
