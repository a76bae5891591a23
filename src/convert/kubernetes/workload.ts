import type { Deployment, StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { CronJob, Job, JobSpec } from 'kubernetes-types/batch/v1.js';
import type { PodTemplateSpec, Service } from 'kubernetes-types/core/v1.js';
import type { Path } from '../../config/document.js';
import type { ContainerEntry, FarmEntry, JobEntry, PublishRequest } from '../../model/config.js';
import { covered, type Losses, type Rows, translate } from '../rows.js';
import { timesOf } from '../schedule.js';
import { type JobKeys, jobKeys, type Stack } from '../stack.js';
import { NAME, type Pod, seconds } from './pod.js';

/** What runs pods. */
export type Workload = Deployment | StatefulSet | Job | CronJob;

/** The name of an object, and of what selects its pods. */
const labelOf = (pod: Pod) => pod.labels[NAME] as string;

const metadataOf = (pod: Pod, name = labelOf(pod)) => ({
  name,
  labels: Object.fromEntries(Object.entries(pod.labels).filter(([key]) => key.startsWith('app.'))),
});

const selectorOf = (pod: Pod) => ({ [NAME]: labelOf(pod) });

function templateOf({ labels, annotations, spec }: Pod): PodTemplateSpec {
  const { volumes, ...rest } = spec;
  for (const each of rest.containers) if (each.volumeMounts?.length === 0) delete each.volumeMounts;
  return {
    metadata: { labels, ...(Object.keys(annotations).length > 0 && { annotations }) },
    spec: { ...rest, ...(volumes.length > 0 && { volumes }) },
  };
}

/**
 * A Job for what may end, a StatefulSet for what mounts a volume, else a Deployment. Of a StatefulSet a
 * pod ends before the next one begins: those of a Deployment would both want the volume, which one node
 * alone can have.
 *
 * @param update how replicas are replaced, of a farm
 */
export function workloadOf(
  pod: Pod,
  entry: ContainerEntry,
  path: Path,
  losses: Losses,
  update?: { policy: FarmEntry['update']; path: Path },
): Workload {
  const { replicas = 1, restart, volumes } = entry;
  const metadata = metadataOf(pod);
  const selector = { matchLabels: selectorOf(pod) };
  if (restart.name !== 'always') {
    losses.note(
      path,
      `${metadata.name} is a Job, which may end: what stays up has restart: always`,
    );
    pod.spec.restartPolicy = restart.name === 'no' ? 'Never' : 'OnFailure';
    const spec: JobSpec = {
      backoffLimit: restart.name === 'no' ? 0 : (restart.max ?? FOREVER),
      template: templateOf(pod),
    };
    if (replicas > 1) Object.assign(spec, { parallelism: replicas, completions: replicas });
    return { apiVersion: 'batch/v1', kind: 'Job', metadata, spec };
  }
  if (volumes.some(({ type }) => type === 'volume')) {
    if (update)
      losses.lose(update.path, 'the servers mount a volume, so one is replaced after the other');
    const serviceName = labelOf(pod);
    const spec = { serviceName, replicas, selector, template: templateOf(pod) };
    return { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata, spec };
  }
  const spec: NonNullable<Deployment['spec']> = {
    replicas,
    selector,
    strategy:
      replicas === 1
        ? { type: 'Recreate' }
        : { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
    template: { spec: pod.spec },
  };
  if (update)
    translate(update.policy, UPDATE, { spec, pod, update: update.policy }, update.path, losses);
  spec.template = templateOf(pod);
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec };
}

/** As often as the field can say. */
const FOREVER = 2_147_483_647;

interface Rollout {
  spec: NonNullable<Deployment['spec']>;
  pod: Pod;
  update: FarmEntry['update'];
}

const UPDATE: Rows<FarmEntry['update'], Rollout> = {
  order: (order, { spec, update: { parallelism } }) => {
    const isFirst = order === 'start-first';
    const rollingUpdate = {
      maxSurge: isFirst ? parallelism : 0,
      maxUnavailable: isFirst ? 0 : parallelism,
    };
    spec.strategy = { type: 'RollingUpdate', rollingUpdate };
  },
  parallelism: covered,
  drain: (value, { pod: { container, spec } }, at, losses) => {
    if (value === 0) return;
    if (container.lifecycle?.preStop)
      return losses.lose(at, 'the servers have a pre_stop of their own');
    // the proxy finds out meanwhile, within the grace period
    container.lifecycle = {
      ...container.lifecycle,
      preStop: { sleep: { seconds: seconds(value) } },
    };
    spec.terminationGracePeriodSeconds = (spec.terminationGracePeriodSeconds ?? 0) + seconds(value);
  },
  monitor: (value, { spec }) => {
    if (value > 0) spec.minReadySeconds = seconds(value);
  },
  failure_action: (value, _rollout, at, losses) =>
    value !== 'pause' &&
    losses.lose(at, 'an update whose pods do not become ready stops (kubectl rollout undo)'),
};

/** A CronJob; undefined for a time that only baleine knows. */
export function cronJobOf(
  name: string,
  job: JobEntry,
  stack: Stack,
  pod: Pod,
): CronJob | undefined {
  const path = ['jobs', name];
  const schedule = scheduleOf(job.schedule);
  if (schedule === undefined) {
    stack.losses.lose([...path, 'schedule'], `a CronJob has no ${job.schedule}`);
    return undefined;
  }
  pod.spec.restartPolicy = 'Never';
  const spec: JobSpec = { template: templateOf(pod) };
  const made: CronJob = {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: metadataOf(pod),
    spec: { schedule, jobTemplate: { spec } },
  };
  translate(
    jobKeys(job),
    JOB,
    { made: made.spec as NonNullable<CronJob['spec']>, spec },
    path,
    stack.losses,
  );
  return made;
}

/** Where one of both days is enough, a step of all days is no restriction there: they are listed. */
function scheduleOf(schedule: string): string | undefined {
  const times = timesOf(schedule);
  if (!times || times.isBothDays) return undefined;
  if (!times.isEitherDay) return schedule;
  const [minute, hour, , month] = schedule.trim().split(/\s+/);
  return [minute, hour, times.days.join(','), month, times.weekdays.join(',')].join(' ');
}

const JOB: Rows<JobKeys, { made: NonNullable<CronJob['spec']>; spec: JobSpec }> = {
  schedule: covered,
  timezone: (value, { made }) => {
    made.timeZone = value;
  },
  timeout: (value, { spec }) => {
    spec.activeDeadlineSeconds = seconds(value);
  },
  retries: (value, { spec }) => {
    spec.backoffLimit = value;
  },
  concurrency: (value, { made }) => {
    made.concurrencyPolicy = value === 'forbid' ? 'Forbid' : 'Replace';
  },
  keep_logs: (value, { made }) => {
    made.successfulJobsHistoryLimit = value;
    made.failedJobsHistoryLimit = value;
  },
};

/**
 * The names of a pod in the cluster: Services that are nothing but names of its pods, of which every port
 * can be reached, as on a bridge.
 */
export function namesOf(
  pod: Pod,
  aliases: readonly string[],
  path: Path,
  losses: Losses,
): Service[] {
  const service = (name: string): Service => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadataOf(pod, name),
    spec: { clusterIP: 'None', selector: selectorOf(pod) },
  });
  const others = [...new Set(aliases)].flatMap((alias) => {
    const isUsed = pod.names.isTaken('workload', alias);
    if (isUsed || !/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(alias)) {
      const why = isUsed ? 'another Service has the name' : 'a Service cannot have the name';
      losses.lose(path, `its name ${alias}: ${why}`);
      return [];
    }
    return [service(pod.names.of('workload', alias))];
  });
  return [service(labelOf(pod)), ...others];
}

/** Published ports, by the balancer of the cluster: that of a node would be another port, 30000 or above. */
export function publishedOf(
  pod: Pod,
  publish: PublishRequest[],
  path: Path,
  losses: Losses,
): Service[] {
  const ports = publish.flatMap(
    (
      { host_ip, published, last, target, protocol, proxy_protocol, replica, socket_activation },
      index,
    ) => {
      const place = [...path, 'publish', publish[index]?.at ?? index];
      if (!['0.0.0.0', '::'].includes(host_ip)) {
        losses.lose(
          place,
          `the address ${host_ip}: the cluster chooses where its balancer listens`,
        );
      }
      if (last !== undefined) losses.lose(place, `only port ${published} is tried`);
      if (proxy_protocol)
        losses.lose(place, 'the balancer sends no header: clients keep their addresses');
      if (replica !== undefined) losses.lose(place, 'a port is balanced over all replicas');
      if (socket_activation !== undefined)
        losses.lose(place, `a pod inherits no sockets: its program must listen on port ${target}`);
      const port = published || target;
      const name = `${protocol ?? 'tcp'}-${port}`;
      return [
        { name, port, targetPort: target, protocol: protocol === 'udp' ? 'UDP' : 'TCP' } as const,
      ];
    },
  );
  const unique = ports.filter(
    ({ name }, index) => ports.findIndex((each) => each.name === name) === index,
  );
  if (unique.length === 0) return [];
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadataOf(pod, pod.names.of('workload', `${labelOf(pod)}-published`)),
      // through the node of the pod, so that clients keep their addresses
      spec: {
        type: 'LoadBalancer',
        externalTrafficPolicy: 'Local',
        selector: selectorOf(pod),
        ports: unique,
      },
    },
  ];
}
