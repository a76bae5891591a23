import { formatValue } from '../../model/attribute-text.js';
import { fromFile } from '../../model/difference.js';
import type { DueFacts } from '../../model/due.js';
import { jobLogsDir } from '../../model/install-paths.js';
import { describeRun } from '../../model/job-run.js';
import { equal } from '../../model/json.js';
import type { Difference } from '../../model/plan.js';
import type { Resource, Row } from '../../model/resource.js';
import type { ContainerSpec, JobFacts, JobSpec } from '../../model/specs.js';
import type { StepOf } from '../../model/step.js';
import type { AnyKind, Kind, Preflight } from '../kind.js';
import type { JobVerbs } from './handlers.js';

/** A job is in the state alone; its runs are containers. */
export type ObservedJob = Record<string, never>;

type JobRow = Row<JobSpec, JobFacts>;

/** The name of its only task. */
export const RUN = 'run';

/**
 * A container that runs at certain times. A changed one is recorded, and its next run has the change.
 *
 * @param container the kind of its runs
 */
export function jobKind(container: AnyKind): Kind<JobSpec, JobFacts, ObservedJob, JobVerbs> {
  return {
    name: 'job',
    table: {
      file: 'jobs.csv',
      late: true,
      columns: [
        { header: 'ID', value: ({ spec }) => spec.container.id },
        { header: 'NOM_JOB', value: ({ name }) => name },
        { header: 'PROGRAMME LANCE', value: ({ spec }) => spec.container.args.join(' ') },
        { header: 'HORAIRE', value: ({ spec }) => spec.schedule },
        { header: 'PROCHAIN', value: ({ facts }) => nextText(facts) },
        {
          header: 'DERNIER',
          value: ({ facts: { history: [last] = [] } }) => (last ? describeRun(last) : ''),
        },
      ],
    },
    identity: ({ container: { id } }) => id,
    observe: (_spec, facts) => (facts ? {} : undefined),
    assume: () => ({}),
    foreign: () => undefined,
    schedules: ({ schedule: cron, timezone }) => ({
      [RUN]: { cron, ...(timezone !== undefined && { timezone }) },
    }),
    compare: (desired, row) => compare(container, desired, row),
    note: (_desired, { facts }) => {
      const failure = facts.due?.[RUN]?.failure;
      return failure === undefined ? undefined : `is failing: ${failure}`;
    },
    create: (desired, reason) => verify(desired, reason),
    update: (desired, row, _observed, differences) => {
      const reasons = differences
        .filter(({ attribute }) => !RECORDED.includes(attribute as Recorded))
        .map(({ reason }) => reason);
      if (row.status === 'pending') return verify(desired, reasons[0] ?? 'unfinished');
      return reasons.length > 0 ? verify(desired, reasons.join(', ')) : [];
    },
    remove: ({ spec }, reason, paths) => [
      { verb: 'job.erase', args: { logs: jobLogsDir(paths, spec.container.id) }, reason },
    ],
    preflight: async () => preflightOf(await container.preflight?.()),
    handlers: async (host) => (await import('./handlers.js')).jobHandlers(host),
  };
}

const RECORDED = [
  'schedule',
  'timezone',
  'timeout',
  'retries',
  'concurrency',
  'keep_logs',
] as const satisfies Exclude<keyof JobSpec, 'container'>[];
type Recorded = (typeof RECORDED)[number];

function compare(container: AnyKind, desired: Resource<JobSpec>, row: JobRow): Difference[] {
  const { spec: before } = row;
  const own = RECORDED.filter((name) => !equal(before[name], desired.spec[name])).map((name) =>
    fromFile(name, before[name], desired.spec[name], 'update', change(name, before, desired.spec)),
  );
  const [was, is] = [before.container, desired.spec.container];
  if (equal(was, is)) return own;
  const runs: Difference[] = container.compare(
    { ...desired, kind: 'container', spec: is },
    { ...row, kind: 'container', spec: was, facts: {} },
    container.assume(was, {}),
  );
  const changed = runs
    .filter(({ cause }) => cause === 'file')
    .map((each): Difference => {
      // nothing restarts: the next run has it
      return { ...each, effect: 'update', reason: each.reason.replace(/, takes a restart$/, '') };
    });
  if (own.length + changed.length > 0) return [...own, ...changed];
  // such as a path that follows from others
  return [{ attribute: 'container', cause: 'file', effect: 'update', reason: 'its runs changed' }];
}

const change = (name: Recorded, before: JobSpec, after: JobSpec) =>
  [before, after]
    .map(({ [name]: value }) => (value === undefined ? '(none)' : formatValue(name, value)))
    .join(' → ');

/** Whether a run could start, as far as its image tells. */
function verify(
  { spec: { container: spec } }: Resource<JobSpec>,
  reason: string,
): StepOf<JobVerbs>[] {
  return [{ verb: 'job.verify', args: { spec, image: spec.image.file }, reason }];
}

function nextText({ due }: DueFacts): string {
  const next = due?.[RUN]?.next;
  return next === undefined ? '' : new Date(next).toISOString();
}

/** What a run would fail at. */
function preflightOf(container: Preflight<ContainerSpec> | undefined): Preflight<JobSpec> {
  return {
    action: 'run',
    declared: ({ container: spec }) => spec,
    obstacles: ({ container: spec }, { verbs, recorded, planned: _planned, ...context }) =>
      container && verbs.has('job.verify')
        ? container.obstacles(spec, {
            verbs: new Set(['container.start']),
            recorded: recorded?.container,
            planned: [],
            ...context,
          })
        : [],
  };
}
