import { kinds } from '../../kinds/index.js';
import type { AnyKind } from '../../kinds/kind.js';
import { addressOf } from '../../model/address.js';
import { type DueFacts, isOverdue, type Schedule, type TaskFacts } from '../../model/due.js';
import { messageOf } from '../../model/errors.js';
import { equal } from '../../model/json.js';
import type { Row } from '../../model/resource.js';
import {
  afterFailure,
  afterSuccess,
  currentTask,
  following,
  retryPause,
} from '../../model/schedule.js';
import type { Store } from '../../state/store.js';
import { type Context, isEndedRun } from '../context.js';
import type { RunOptions } from '../options.js';
import { ACTIONS } from './actions.js';

/**
 * Does what is due of a stack: a missed time once, however often it was missed. The caller holds the
 * lock. An error of one task does not keep the others from being done.
 *
 * @returns the failures of this run; in an unattended one also those from before that no success has
 *   followed, in the same words, so that they are reported once
 */
export async function doDueWork(
  context: Context,
  stack: string,
  store: Store,
  options: RunOptions & { unattended?: boolean },
): Promise<string[]> {
  const failures: string[] = [];
  // runs of jobs that have ended while this apply worked wait for its lock
  if (store.rows.some(isEndedRun))
    await (await import('../jobs/runs.js')).settleRuns(context, store);
  const rows = store.rows.filter((row) => row.stack === stack && row.status === 'ready');
  for (const { kind, name, spec } of rows) {
    const { schedules }: Pick<AnyKind, 'schedules'> = kinds[kind];
    for (const [task, schedule] of Object.entries(schedules?.(spec) ?? {})) {
      const row = store.find(kind, stack, name);
      if (!row) continue;
      const failed = await attend({ context, store, options }, row, task, schedule);
      const isNew = failed?.isNew || options.unattended === true;
      if (failed && isNew) failures.push(`${addressOf(kind, name)}: ${failed.text}`);
    }
  }
  return failures;
}

interface Run {
  context: Context;
  store: Store;
  options: RunOptions;
}

interface Failed {
  text: string;
  isNew: boolean;
}

const rememberedIn = ({ failure: text }: TaskFacts): Failed | undefined =>
  text === undefined ? undefined : { text, isNew: false };

/** Does one task if it is due; answers its last failure. */
async function attend(
  { context, store, options }: Run,
  row: Row,
  task: string,
  schedule: Schedule,
): Promise<Failed | undefined> {
  const now = Date.now();
  const before = taskOf(row, task);
  const current = currentTask(schedule, before, now);
  const load = ACTIONS[row.kind]?.[task];
  if (!isOverdue(current, now) || !load) {
    if (!before || !equal(before, current)) await save(store, row, task, current);
    return rememberedIn(current);
  }
  const next = following(schedule, current, now);
  let isRecorded = false;
  const record = async (facts: object, again = Number.POSITIVE_INFINITY) => {
    isRecorded = true;
    const at = Math.min(next.next ?? Number.POSITIVE_INFINITY, again);
    await save(store, row, task, Number.isFinite(at) ? { ...next, next: at } : next, facts);
  };
  try {
    const action = await load();
    const at = current.next ?? now;
    const outcome = await action({ context, store, row, task, at, now, options, record });
    const after = outcome === 'started' ? next : afterSuccess(next);
    if (outcome !== 'started' || !isRecorded) await save(store, row, task, after);
    return rememberedIn(after);
  } catch (error) {
    const text = messageOf(error);
    await save(store, row, task, afterFailure(next, text, now + retryPause(current)));
    return { text, isNew: true };
  }
}

const taskOf = ({ facts }: Row, task: string): TaskFacts | undefined =>
  (facts as DueFacts).due?.[task];

/** Onto what is recorded now: the action may have changed the row. */
async function save(
  store: Store,
  { kind, stack, name }: Row,
  task: string,
  after: TaskFacts,
  more: object = {},
): Promise<void> {
  const row = store.find(kind, stack, name);
  if (!row) return;
  const { due, ...facts } = row.facts as DueFacts;
  await store.put({ ...row, facts: { ...facts, ...more, due: { ...due, [task]: after } } });
}
