/**
 * A program that applies, destroys or rolls back a stack as `baleine -y` does, one step at a time, and
 * kills itself right before or after one step. If there is no such step, it prints the number of steps.
 *
 *   killed-run.mjs '{"root": …, "file": …, "at": 3, "side": "before"}'
 */

import { Context } from '../../../src/app/context.js';
import { planDestroy, planStack } from '../../../src/app/make-plan.js';
import { planRollback } from '../../../src/app/rollback.js';
import { pinReleases } from '../../../src/execute/checkpoint.js';
import type { HandlerTable } from '../../../src/execute/execute.js';
import { execute } from '../../../src/execute/execute.js';
import type { Address } from '../../../src/model/address.js';
import type { Handler } from '../../../src/model/step.js';

export interface KilledRun {
  root: string;
  file: string;
  destroy?: boolean;
  replace?: Address[];
  /** A farm to roll back. */
  rollback?: string;
  /** Index of the step; absent: no kill. */
  at?: number;
  side?: 'before' | 'after';
}

const {
  root,
  file,
  destroy = false,
  replace = [],
  rollback,
  at,
  side,
}: KilledRun = JSON.parse(process.argv[2] ?? '{}');

let calls = 0;

async function killAt<T>(act: () => Promise<T>): Promise<T> {
  const isPoint = calls++ === at;
  if (isPoint && side === 'before') process.kill(process.pid, 'SIGKILL');
  const result = await act();
  if (isPoint) process.kill(process.pid, 'SIGKILL');
  return result;
}

function withKill(handler: Handler<unknown>): Handler<unknown> {
  if ('one' in handler) {
    return { ...handler, one: (args, work) => killAt(() => handler.one(args, work)) };
  }
  return { all: (args) => killAt(() => handler.all(args)) };
}

const context = new Context({ file, root, color: false });
const config = await context.config();
const lock = await context.lock({ timeoutMs: 10_000 });
const store = await context.store();
const plan = destroy
  ? await planDestroy(context, config.name, store.rows, {}, true)
  : rollback !== undefined
    ? await planRollback(context, config, store.rows, rollback)
    : await planStack(context, config, store, { replace });
if (rollback !== undefined) await pinReleases(plan, store);
const handlers: HandlerTable = Object.fromEntries(
  Object.entries(await context.handlers()).map(([verb, handler]) => [verb, withKill(handler)]),
);
const outcome = await execute(plan, {
  store,
  handlers,
  emit: () => {},
  parallelism: 1,
  stop: new AbortController().signal,
  keepGoing: destroy,
});
lock.release({ removeIfEmpty: true });
if (outcome.status !== 'done') throw new Error(JSON.stringify(outcome.failed));
process.stdout.write(`${calls}\n`);
