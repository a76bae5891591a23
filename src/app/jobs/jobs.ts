import { existsSync } from 'node:fs';
import type { LogOptions, LogPart } from '../../host/linux/runtime/logs.js';
import { RUN } from '../../kinds/job/index.js';
import { byName } from '../../model/address.js';
import { UserError } from '../../model/errors.js';
import { jobLog } from '../../model/install-paths.js';
import { durationOf } from '../../model/job-run.js';
import type { ListedJob, ListedRun } from '../../model/listed-job.js';
import type { Row } from '../../model/resource.js';
import type { EndedRun } from '../../model/specs.js';
import type { Store } from '../../state/store.js';
import { type Context, isEndedRun } from '../context.js';
import { withStoreOrWait } from '../imperative/change.js';
import { stackName } from '../lookup.js';
import type { LockOptions } from '../options.js';
import { endRun, type JobRow, runOf, startRun } from './runs.js';

/** The jobs of a stack, or of all stacks, with their last and next run. */
export function listJobs(rows: readonly Row[], stack: string | undefined): ListedJob[] {
  return jobsIn(rows)
    .filter((row) => stack === undefined || row.stack === stack)
    .sort((a, b) => byName(a.stack, b.stack) || byName(a.name, b.name))
    .map((row) => describe(row, rows));
}

/** Whether no crontab of this host applies the stack, so that nothing starts its jobs. */
export async function lacksCron(context: Context, stack: string): Promise<boolean> {
  const { findSchedules } = await import('../schedules.js');
  const { blocks, others } = await findSchedules(context, stack);
  return blocks.length + others.length === 0;
}

const jobsIn = (rows: readonly Row[]) => rows.filter(({ kind }) => kind === 'job') as JobRow[];

function describe(row: JobRow, rows: readonly Row[]): ListedJob {
  const { name, stack, spec, facts } = row;
  const { schedule, timezone, concurrency } = spec;
  const { next, failure } = facts.due?.[RUN] ?? {};
  const [last] = facts.history ?? [];
  const running = runOf(rows, row);
  const isGoing = running !== undefined && !isEndedRun(running);
  return {
    name,
    stack,
    schedule,
    ...(timezone !== undefined && { timezone }),
    concurrency,
    ...(next !== undefined && { next: new Date(next).toISOString() }),
    ...(isGoing && {
      running: {
        number: running.spec.run.number,
        ...(running.facts.started_at !== undefined && { started_at: running.facts.started_at }),
      },
    }),
    ...(last && { last: listedRun(last) }),
    ...(failure !== undefined && { failing: failure }),
    ...(facts.skipped !== undefined && { skipped: facts.skipped }),
  };
}

function listedRun(run: EndedRun): ListedRun {
  const { timeout: _timeout, ...rest } = run;
  const ms = durationOf(run);
  return { ...rest, ...(ms !== undefined && { ms }), result: run.failure ?? 'ok' };
}

/** Everything about jobs, with the results of the runs whose logs are kept. */
export async function inspectJobs(
  context: Context,
  names: readonly string[],
  stack: string | undefined,
): Promise<object[]> {
  const { rows } = context.state();
  const owner = await stackName(context, stack);
  return names.map((name) => {
    const row = findJob(rows, owner, name, 'inspect');
    const history = (row.facts.history ?? []).map(listedRun);
    return { ...describe(row, rows), history, spec: row.spec, needs: row.needs };
  });
}

/** @throws UserError that lists the jobs of the stack */
function findJob(rows: readonly Row[], stack: string, name: string, purpose: string): JobRow {
  const own = jobsIn(rows).filter((row) => row.stack === stack);
  const found = own.find((row) => row.name === name);
  if (found) return found;
  const all = own.map((row) => row.name).sort(byName);
  throw new UserError(
    `cannot ${purpose} job ${JSON.stringify(name)}: stack ${stack} has none of that name`,
    all.length > 0 ? `It has: ${all.join(', ')}` : 'It has none; baleine apply creates them.',
  );
}

export interface JobLogOptions extends LogOptions {
  stack?: string;
}

export interface JobRunOptions extends LockOptions {
  stack?: string;
  /** Do not wait for its end. */
  detach?: true;
}

/** What a run that was asked for says, and how it ends. */
export interface AskedRun {
  number: number;
  /** What it writes, until it ends; absent if nobody waits for it. */
  output?: AsyncGenerator<LogPart[]>;
  /** Once the output has ended. */
  result(): Promise<ListedRun>;
}

/**
 * Runs a job now. It goes on without us: an interrupted caller leaves it running.
 *
 * @throws UserError if a run is going on, and the job says `concurrency: forbid`
 */
export async function runJob(
  context: Context,
  name: string,
  options: JobRunOptions,
): Promise<AskedRun> {
  const stack = await stackName(context, options.stack);
  const { LogReader, piecesOf } = await import('../../host/linux/runtime/logs.js');
  let begun: Pick<AskedRun, 'number' | 'output'> | undefined;
  await withStoreOrWait(context, options, async (store) => {
    await makeRoom(context, store, findJob(store.rows, stack, name, 'run'));
    const job = findJob(store.rows, stack, name, 'run');
    const { spec } = await startRun(context, store, job);
    const { number } = spec.run;
    const known = store.find('job', stack, name) ?? job;
    await store.put({ ...known, facts: { ...(known.facts as object), runs: number } });
    begun = { number };
    if (options.detach) return 0;
    // opened before anybody else can settle the run, and move its log
    const reader = new LogReader(context.paths, spec.id, { follow: true });
    begun = { number, output: piecesOf(reader, true) };
    return 0;
  });
  if (!begun) throw new Error(`cannot run job ${name}: another baleine holds the lock`);
  return {
    ...begun,
    result: () => resultOf(context, options, { stack, name }, begun?.number ?? 0),
  };
}

async function makeRoom(context: Context, store: Store, job: JobRow): Promise<void> {
  const running = runOf(store.rows, job);
  if (!running) return;
  if (job.spec.concurrency === 'replace') {
    return endRun(context, store, running, 'stopped for the next run');
  }
  throw new UserError(
    `cannot run job ${job.name}: run ${running.spec.run.number} is going on, since ${running.facts.started_at}`,
    `baleine stop ${job.name} ends it; concurrency: replace does so for each new run.`,
  );
}

/** Whoever gets the lock first records it: the hook of its monitor, or we. */
async function resultOf(
  context: Context,
  options: JobRunOptions,
  { stack, name }: Pick<Row, 'stack' | 'name'>,
  number: number,
): Promise<ListedRun> {
  let found: EndedRun | undefined;
  await withStoreOrWait(context, { lockTimeout: RESULT_TIMEOUT, ...options }, async (store) => {
    const job = store.find('job', stack, name) as JobRow | undefined;
    found = job?.facts.history?.find((each) => each.number === number);
    return 0;
  });
  if (found) return listedRun(found);
  throw new Error(`cannot tell how run ${number} of job ${name} has ended: it was removed`);
}

/** Milliseconds for an apply that is at work. */
const RESULT_TIMEOUT = 120_000;

/**
 * The output of a run: of the one that is going on, else of the last one.
 *
 * @throws UserError if it is not kept
 */
export async function readJobLog(
  context: Context,
  name: string,
  number: number | undefined,
  { stack: named, ...options }: JobLogOptions,
): Promise<AsyncGenerator<LogPart[]>> {
  const stack = await stackName(context, named);
  const { rows } = context.state();
  const job = findJob(rows, stack, name, 'show the log of');
  const { readKeptLog, readLog } = await import('../../host/linux/runtime/logs.js');
  const running = runOf(rows, job);
  if (running && (number ?? running.spec.run.number) === running.spec.run.number) {
    return readLog(context.paths, running.spec.id, options);
  }
  const kept = (job.facts.history ?? []).map((each) => each.number);
  const wanted = number ?? kept[0];
  const file = jobLog(context.paths, job.spec.container.id, wanted ?? 0);
  if (wanted !== undefined && existsSync(file)) return readKeptLog(context.paths, file, options);
  throw new UserError(
    wanted === undefined
      ? `cannot show the log of job ${name}: it has not run yet`
      : `cannot show the log of run ${wanted} of job ${name}: it is not kept`,
    kept.length > 0 ? `There is: ${kept.join(', ')}` : undefined,
  );
}
