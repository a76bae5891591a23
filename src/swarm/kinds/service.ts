import type { ApiService, Cluster, ClusterHost, ClusterService } from '../../host/cluster.js';
import type { Kind } from '../../kinds/kind.js';
import { formatValue } from '../../model/attribute-text.js';
import { fromFile } from '../../model/difference.js';
import { canonical, digest, equal, type Json } from '../../model/json.js';
import type { Difference } from '../../model/plan.js';
import type { Resource, Row } from '../../model/resource.js';
import { type Facts, FailedWithFacts } from '../../model/step.js';
import type { ServiceFacts, ServiceSpec } from '../../model/swarm.js';
import { toApi } from '../api-service.js';
import { differencesOf } from './api-differences.js';
import { named, notOurs, owned } from './objects.js';
import { followUpdate } from './rollout.js';

interface ServiceVerbs {
  'service.apply': {
    service: ApiService;
    /** Digest of its spec, in case that is rolled back. */
    version: string;
    /** Of one that was rolled back, and is still what the file asks for. */
    refused?: string;
    /** Its image is pinned to the digest that its registry has now. */
    pin?: true;
  };
  'service.remove': { id: string };
}

const NONE = { desired: 0, running: 0 };

type ServiceRow = Row<ServiceSpec, ServiceFacts>;

/** A service of the cluster, which keeps a number of tasks running. */
export const service: Kind<ServiceSpec, ServiceFacts, ClusterService, ServiceVerbs> = {
  name: 'service',
  table: {
    file: 'services.csv',
    columns: [
      { header: 'ID', value: ({ spec }) => spec.id },
      { header: 'IMAGE', value: ({ spec }) => spec.image },
      { header: 'REPLICAS', value: ({ spec }) => spec.replicas },
    ],
  },
  identity: ({ id }) => id,
  observe: ({ id }, _facts, probe) => named(probe, 'services', id),
  assume: ({ id, replicas }, { applied = {} }) => ({
    ...{ id: '', name: id, labels: {}, version: 0, spec: applied },
    ...(typeof replicas === 'number' ? { desired: replicas, running: replicas } : NONE),
  }),
  foreign: ({ id }, probe) => notOurs(probe, 'services', id),
  discoverOwned: (probe) =>
    owned(probe, 'services').map(({ id, stack, name }) => ({
      ...{ stack, name },
      spec: { id, stack } as ServiceSpec,
    })),
  compare,
  note,
  create: (resource, reason) => [apply(resource, reason)],
  update: (resource, { facts: { refused = '' } }, _seen, differences) => {
    const reason = differences.map((each) => each.reason).join(', ') || 'unfinished';
    return [apply(resource, reason, refused)];
  },
  remove: ({ spec: { id } }, reason) => [{ verb: 'service.remove', args: { id }, reason }],
  interrupts: () => false,
  handlers: async (host) => {
    const { cluster } = host as ClusterHost;
    return {
      'service.apply': { waits: true, one: (args) => applyNow(args, cluster) },
      'service.remove': {
        waits: true,
        one: async ({ id }) => {
          await cluster.remove('service', id);
          return undefined;
        },
      },
    };
  },
};

const versionOf = (spec: ServiceSpec) => digest(spec, 12);

/** Whether a service was rolled back from what is desired of it now. */
export const isRefused = ({ spec }: Resource<ServiceSpec>, { facts }: ServiceRow): boolean =>
  facts.refused === versionOf(spec);

function apply({ address, spec }: Resource<ServiceSpec>, reason: string, refused = '') {
  const version = versionOf(spec);
  const args = {
    service: toApi(address, spec, spec.image),
    version,
    ...(refused !== '' && refused !== version && { refused }),
    ...(isPinnedLater(spec.image) && { pin: true as const }),
  };
  return { verb: 'service.apply' as const, args, reason };
}

/** An image of a registry that the plan has not pinned. */
const isPinnedLater = (image: string) => !image.includes('@') && !image.startsWith('baleine/');

/** First what changed in the file, then what somebody else has changed. */
function compare(
  { spec }: Resource<ServiceSpec>,
  row: ServiceRow,
  seen: ClusterService,
): Difference[] {
  const before = row.spec as unknown as Record<string, Json>;
  const after = spec as unknown as Record<string, Json>;
  const keys = [...new Set([...Object.keys(after), ...Object.keys(before)])].filter(
    (key) => !RECORDED.has(key),
  );
  const changed = keys.flatMap((key) => memberDifferences(key, before[key], after[key]));
  const { applied } = row.facts;
  return [
    ...changed,
    ...compareScale(spec, row.spec),
    ...(applied ? differencesOf(applied, seen.spec) : []),
  ];
}

/** Only recorded: the service itself does not change with them. */
const RECORDED = new Set(['scaled']);

/** A new number of replicas says enough. */
function compareScale(after: ServiceSpec, before: ServiceSpec): Difference[] {
  if (equal(before.scaled ?? null, after.scaled ?? null)) return [];
  if (before.replicas !== after.replicas) return [];
  const how = after.scaled ? `to ${after.scaled.servers}` : 'as in the file';
  return [fromFile('scaled', before.scaled, after.scaled, 'update', how)];
}

/** Each limit has its own difference, as in a container's plan. */
function memberDifferences(key: string, before: Json | undefined, after: Json | undefined) {
  if (equal(before, after)) return [];
  if (!MEMBERS.has(key) || !isObject(before) || !isObject(after)) {
    return [fromFile(key, before, after, 'update', shown(before, after))];
  }
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names
    .filter((name) => !equal(before[name], after[name]))
    .map((name) => {
      const attribute = `${key}.${name}`;
      const [from, to] = [before[name], after[name]].map((each) =>
        each === undefined ? '(none)' : formatValue(attribute, each),
      );
      return fromFile(attribute, before[name], after[name], 'update', `${from} → ${to}`);
    });
}

const MEMBERS = new Set(['limits', 'update', 'placement', 'environment']);

const isObject = (value: Json | undefined): value is { [key: string]: Json | undefined } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Long values are in the lines below the reason. */
function shown(before: Json | undefined, after: Json | undefined): string | undefined {
  return Math.max(canonical(before ?? null).length, canonical(after ?? null).length) > 60
    ? 'changed'
    : undefined;
}

function note({ spec }: Resource<ServiceSpec>, _row: ServiceRow, seen: ClusterService) {
  const { running, desired } = seen;
  const notes = [
    running < desired ? `has ${running} of ${desired} tasks running` : undefined,
    spec.scaled &&
      `is scaled to ${spec.scaled.servers} by \`baleine scale\`; the file has ${spec.scaled.file}`,
  ];
  return notes.filter((each) => each !== undefined).join('; ') || undefined;
}

async function applyNow(
  { service: wanted, version, pin, refused = '' }: ServiceVerbs['service.apply'],
  cluster: Cluster,
): Promise<Facts> {
  const name = String(wanted.Name);
  const pinned = pin ? await pinnedImage(wanted, cluster) : wanted;
  const existing = await cluster.service(name);
  const applied = existing
    ? await cluster.updateService(name, pinned)
    : await cluster.createService(pinned);
  const outcome = await followUpdate(cluster, name, existing !== undefined);
  if (outcome.state === 'done') return { applied, refused } satisfies ServiceFacts;
  if (outcome.state === 'failed') throw new FailedWithFacts(outcome.why, { applied });
  const after = (await cluster.service(name))?.spec ?? applied;
  throw new FailedWithFacts(outcome.why, { applied: after, refused: version });
}

/** Nodes that start a task later get what is in the registry now. */
async function pinnedImage(wanted: ApiService, cluster: Cluster): Promise<ApiService> {
  const task = wanted.TaskTemplate as { ContainerSpec: { Image: string } };
  const { Image: image } = task.ContainerSpec;
  const reference = `${image}@${await cluster.digestOf(image)}`;
  return {
    ...wanted,
    TaskTemplate: { ...task, ContainerSpec: { ...task.ContainerSpec, Image: reference } },
  };
}
