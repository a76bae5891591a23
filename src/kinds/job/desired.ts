import { addressOf } from '../../model/address.js';
import type { Config } from '../../model/config.js';
import type { Instance } from '../../model/instance.js';
import type { Resource, Row } from '../../model/resource.js';
import type { ContainerSpec, JobSpec } from '../../model/specs.js';
import type { Context } from '../desired-context.js';

/** The container of each job's runs: there is one at a time, and it has the job's name. */
export function jobInstances({ jobs = {} }: Config): Instance[] {
  return Object.entries(jobs).map(([name, entry]) => {
    return { name, service: name, entry, path: ['jobs', name], job: true };
  });
}

/**
 * The jobs of the stack, each with the complete specification of its runs: an apply without the file
 * starts them, too.
 *
 * @param containers among them those of the jobs' runs
 */
export function desiredJobs(
  containers: readonly Resource<ContainerSpec>[],
  { config: { jobs = {} } }: Pick<Context, 'config'>,
): Resource<JobSpec>[] {
  return containers.flatMap((each) => {
    const entry = Object.hasOwn(jobs, each.name) ? jobs[each.name] : undefined;
    if (!entry) return [];
    const { schedule, timezone, timeout, retries, concurrency, keep_logs } = entry;
    const { previous: _previous, held: _held, ...container } = each.spec;
    const { name, needs, places, warnings, entry: path } = each;
    return {
      address: addressOf('job', name),
      kind: 'job',
      name,
      spec: {
        schedule,
        ...(timezone !== undefined && { timezone }),
        ...(timeout !== undefined && { timeout }),
        retries,
        concurrency,
        keep_logs,
        container,
      },
      needs,
      protect: false,
      ...(path && { entry: path }),
      ...(places && { places }),
      ...(warnings && { warnings }),
    };
  });
}

/**
 * The context with the container of each recorded job in place of a run of it that goes on: a job has
 * addresses, ids and a network of its own even between its runs.
 */
export function withRunsOfJobs(context: Context): Context {
  const jobs = context.rows.filter(({ kind }) => kind === 'job') as Row<JobSpec>[];
  if (jobs.length === 0) return context;
  const keyOf = ({ stack, name }: Row) => `${stack}/${name}`;
  const names = new Set(jobs.map(keyOf));
  const isRun = (row: Row) =>
    row.kind === 'container' && (row.spec as ContainerSpec).run !== undefined;
  const others = context.rows.filter(
    (row) => row.kind !== 'job' && !(isRun(row) && names.has(keyOf(row))),
  );
  const runs = jobs.map((row): Row => {
    return { ...row, kind: 'container', spec: row.spec.container, facts: {} };
  });
  return { ...context, rows: [...others, ...runs] };
}
