import type { ApiService, Cluster, ClusterService, ClusterTask } from '../../host/cluster.js';
import { equal } from '../../model/json.js';
import { poll } from '../../model/poll.js';
import { STACK } from '../../model/swarm.js';

/** How an update of a service went: done, failed and left as it is, or rolled back. */
export type Rollout = { state: 'done' } | { state: 'failed' | 'rolled back'; why: string };

/** Milliseconds for tasks to run: their nodes may have to pull an image first. */
const LIMIT = 10 * 60_000;
/** Milliseconds for tasks that are no part of an update. */
const START_LIMIT = 2 * 60_000;
/** Failed attempts to start a task after which a new service counts as failed. */
const ATTEMPTS = 3;

/** Follows a service until all of its tasks run, or its update is over for another reason. */
export async function followUpdate(
  cluster: Cluster,
  name: string,
  isUpdate: boolean,
): Promise<Rollout> {
  const since = Date.now();
  const look = async (): Promise<Rollout | undefined> => {
    const service = await cluster.service(name);
    if (!service) return { state: 'failed', why: `service ${name} is gone` };
    const over = isUpdate ? overOf(service) : undefined;
    if (over && over.state !== 'done') {
      return { ...over, why: `${over.why}${reasonsIn(await tasksOf(cluster, service))}` };
    }
    if (isUpdate && /updating|rollback_started/.test(service.update?.state ?? '')) return undefined;
    const tasks = await tasksOf(cluster, service);
    const current = tasks.filter((each) => each.state === 'running' && isCurrent(each, service));
    const wanted = replicasOf(service);
    if (current.length >= wanted) return { state: 'done' };
    const failed = tasks.filter(({ state, at }) => at > since && FAILED.has(state));
    if (failed.length < ATTEMPTS && Date.now() - since < START_LIMIT) return undefined;
    const why = `${current.length} of ${wanted} tasks of ${name} run${reasonsIn(tasks)}`;
    return { state: 'failed', why };
  };
  const outcome = await poll(look, { limit: LIMIT, pause: 300, maxPause: 1000 });
  return outcome ?? { state: 'failed', why: `the update of ${name} takes more than 10 minutes` };
}

const tasksOf = async (cluster: Cluster, { id, labels }: ClusterService) =>
  (await cluster.tasks(labels[STACK] ?? '')).filter(({ service }) => service === id);

const FAILED = new Set(['failed', 'rejected']);

/** Of a service with one on each node, the cluster knows the number a moment after its creation. */
function replicasOf({ spec, desired }: ClusterService): number {
  const { Replicated } = (spec.Mode ?? {}) as { Replicated?: { Replicas?: number } };
  return Replicated ? (Replicated.Replicas ?? 0) : Math.max(desired, 1);
}

/** What makes a task another one. Of the rest, Docker fills in other defaults in tasks and services. */
const CONTENT = ['ContainerSpec', 'Resources', 'Networks', 'LogDriver', 'ForceUpdate'];

/** Whether a task is one of the service as it is now. */
function isCurrent({ desired, spec }: ClusterTask, { spec: wanted }: ClusterService): boolean {
  const template = wanted.TaskTemplate as ApiService;
  return desired === 'running' && CONTENT.every((each) => equal(spec[each], template[each]));
}

/** How an update ended (UpdateStatus of Docker Engine API 1.41); undefined if it goes on, or there is none. */
function overOf({ update }: ClusterService): Exclude<Rollout, undefined> | undefined {
  const { state = '', message = '' } = update ?? {};
  if (state === 'paused') return { state: 'failed', why: `the update was stopped: ${message}` };
  if (state === 'rollback_paused')
    return { state: 'failed', why: `the rollback stopped: ${message}` };
  if (state === 'rollback_completed') {
    return { state: 'rolled back', why: `the update was rolled back: ${message}` };
  }
  return undefined;
}

/** The errors of its tasks, each once, the newest first. */
function reasonsIn(tasks: readonly ClusterTask[]): string {
  const said = tasks.flatMap(({ error, node, slot, state }) =>
    error === undefined ? [] : [`${slot} ${state}${node ? ` on ${node}` : ''}: ${error}`],
  );
  const few = [...new Set(said)].slice(0, 3);
  return few.length === 0 ? '' : ` (${few.join('; ')})`;
}
