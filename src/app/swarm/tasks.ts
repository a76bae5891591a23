import type { Cluster, ClusterNode, ClusterTask } from '../../host/cluster.js';
import { byName } from '../../model/address.js';
import { UserError } from '../../model/errors.js';
import { isMember } from '../../model/instance.js';
import type { FarmTasks, ListedTask } from '../../model/listed-task.js';
import { ADDRESS, STACK } from '../../model/swarm.js';
import { proxyOf, serversOf } from '../../swarm/desired/names.js';
import type { ContainerLogPart } from '../follow-logs.js';
import type { SwarmContext } from './context.js';

interface Service {
  /** As in the file, without the stack. */
  name: string;
  /** In the cluster. */
  id: string;
  object: string;
  /** Tasks that should run now. */
  desired: number;
}

/**
 * The last task of each replica of the services of a stack.
 *
 * @param names of services or farms; empty for all
 */
export async function listTasks(
  { cluster }: SwarmContext,
  stack: string,
  names: readonly string[],
): Promise<ListedTask[]> {
  return tasksOf(cluster, stack, await servicesOf(cluster, stack, names));
}

async function tasksOf(
  cluster: Cluster,
  stack: string,
  { services, nodes }: Services,
): Promise<ListedTask[]> {
  const tasks = services.length === 0 ? [] : await cluster.tasks(stack);
  const stateOf = new Map(nodes.map(({ name, state }) => [name, state]));
  const byId = new Map(services.map((each) => [each.id, each]));
  const seen = new Set<string>();
  const listed = wantedFirst(tasks).flatMap((task): ListedTask[] => {
    const service = byId.get(task.service);
    const replica = `${task.service} ${task.slot || task.node}`;
    if (!service || seen.has(replica)) return [];
    seen.add(replica);
    const { node = null, state, error, ports, at, image, slot } = task;
    return [
      {
        ...{ name: `${service.name}.${slot || node}`, service: service.name, image, node },
        node_state: node === null ? null : (stateOf.get(node) ?? null),
        ...{ state, since: new Date(at).toISOString(), ports: [...new Set(ports)] },
        ...(error !== undefined && { error }),
      },
    ];
  });
  return listed.sort((a, b) => byName(a.name.replace('.', '-'), b.name.replace('.', '-')));
}

/** Of the tasks of one replica, the one that should run; else the newest. */
const wantedFirst = (tasks: readonly ClusterTask[]) =>
  [...tasks].sort(
    (a, b) => Number(b.desired === 'running') - Number(a.desired === 'running') || b.at - a.at,
  );

interface Services {
  services: Service[];
  nodes: ClusterNode[];
}

async function servicesOf(
  cluster: Cluster,
  stack: string,
  names: readonly string[],
): Promise<Services> {
  const { services: all, nodes } = await cluster.look([]);
  const own = all
    .filter(({ labels }) => labels[STACK] === stack)
    .map(({ id, name: object, labels, desired }): Service => {
      const name = (labels[ADDRESS] ?? '').replace(/^service\./, '');
      return { id, object, name, desired };
    });
  const isOf = (name: string) => (each: Service) =>
    each.name === name || isMember(each.name, name) || each.name === serversOf(name);
  const unknown = names.find((name) => !own.some(isOf(name)));
  if (unknown !== undefined) {
    const there = own.map(({ name }) => name).join(', ');
    throw new UserError(
      `the swarm has no service ${unknown} of stack ${stack}`,
      `It has: ${there || 'nothing'}`,
    );
  }
  const services =
    names.length === 0 ? own : own.filter((each) => names.some((n) => isOf(n)(each)));
  return { services, nodes };
}

/** The tasks of farms, in the order of their names here. */
export async function listFarms(
  { cluster }: SwarmContext,
  stack: string,
  farms: readonly string[],
): Promise<FarmTasks[]> {
  const found = await servicesOf(cluster, stack, []);
  const tasks = await tasksOf(cluster, stack, found);
  const numberOf = (service: string) =>
    found.services.find(({ name }) => name === service)?.desired ?? 0;
  return farms.map((name) => {
    const [servers, proxy] = [serversOf(name), proxyOf(name)];
    return {
      ...{ name, stack, proxy },
      desired: { servers: numberOf(servers), proxies: numberOf(proxy) },
      servers: tasks.filter(({ service }) => service === servers),
      proxies: tasks.filter(({ service }) => service === proxy),
    };
  });
}

export interface TaskLogOptions {
  follow?: boolean;
  last?: number;
  since?: number;
  signal?: AbortSignal;
}

/** What the tasks of services have printed, as it comes from each. */
export async function* taskLogs(
  { cluster }: SwarmContext,
  stack: string,
  names: readonly string[],
  { follow = false, last, since, signal }: TaskLogOptions,
): AsyncGenerator<ContainerLogPart[]> {
  const { services } = await servicesOf(cluster, stack, names);
  const tasks = await cluster.tasks(stack);
  const slots = new Map(tasks.map(({ id, slot, node }) => [id, slot || node]));
  const options = {
    follow,
    ...(last !== undefined && { tail: last }),
    ...(since !== undefined && { since }),
    ...(signal && { signal }),
  };
  const reading = services.map(({ name, object }) => ({
    name,
    lines: cluster.logs(object, options)[Symbol.asyncIterator](),
  }));
  const next = (each: (typeof reading)[number]) =>
    each.lines.next().then((result) => ({ each, result }));
  const pending = new Map(reading.map((each) => [each, next(each)]));
  while (pending.size > 0) {
    const { each, result } = await Promise.race(pending.values());
    if (result.done) {
      pending.delete(each);
      continue;
    }
    pending.set(each, next(each));
    const { task, time, stream, text } = result.value;
    const bytes = Buffer.from(text);
    const container = `${each.name}.${slots.get(task) ?? task.slice(0, 12)}`;
    yield [{ container, time, stream, bytes, isStart: true, isEnd: true }];
  }
}
