import type { ApiService, Cluster, ClusterHost, ClusterService } from '../../host/cluster.js';
import type { Kind } from '../../kinds/kind.js';
import { formatValue } from '../../model/attribute-text.js';
import { fromFile } from '../../model/difference.js';
import { canonical, digest, equal, type Json } from '../../model/json.js';
import type { Difference } from '../../model/plan.js';
import type { Resource } from '../../model/resource.js';
import { type Facts, FailedWithFacts } from '../../model/step.js';
import type { ServiceFacts, ServiceSpec } from '../../model/swarm.js';
import { toApi } from '../api-service.js';
import { isLoaded } from '../desired/names.js';
import type { ServiceRow } from '../desired/release.js';
import { differencesOf } from './api-differences.js';
import { named, notOurs } from './objects.js';
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
  compare,
  note,
  create: (resource, reason) => [apply(resource, reason, versionOf(resource.spec))],
  update: (resource, { facts: { refused = '' } }, _seen, differences) => {
    const reason = differences.map((each) => each.reason).join(', ') || 'unfinished';
    const { spec } = resource;
    const isNumber =
      differences.length > 0 && differences.every((each) => NUMBER.has(each.attribute));
    const version = isNumber ? numberOf(spec) : versionOf(spec);
    return [apply(resource, reason, version, refused)];
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

/**
 * Identifies what is asked of a service, apart from its number of replicas: another number is no other
 * attempt at a version that was rolled back.
 */
const versionOf = ({ replicas: _replicas, ...spec }: ServiceSpec) => digest(recordless(spec), 12);

/** The same for a change of nothing but the number. */
const numberOf = (spec: ServiceSpec) => digest(recordless(spec), 12);

const recordless = (spec: object) =>
  Object.fromEntries(Object.entries(spec).filter(([key]) => !RECORDED.has(key)));

/**
 * What stays of a service that the swarm has rolled back from what is still desired: as it was, in the
 * desired number. Undefined if it was not rolled back from that.
 */
export function specAfterRollback(
  { spec }: Resource<ServiceSpec>,
  row: ServiceRow,
): ServiceSpec | undefined {
  const { refused = '' } = row.facts;
  if (refused === numberOf(spec)) return row.spec;
  if (refused !== versionOf(spec)) return undefined;
  const { scaled: _before, ...kept } = row.spec;
  return { ...kept, replicas: spec.replicas, ...(spec.scaled && { scaled: spec.scaled }) };
}

function apply(
  { address, spec }: Resource<ServiceSpec>,
  reason: string,
  version: string,
  refused = '',
) {
  const args = {
    service: toApi(address, spec, spec.image),
    version,
    ...(refused !== '' && refused !== version && { refused }),
    ...(isPinnedLater(spec.image) && { pin: true as const }),
  };
  return { verb: 'service.apply' as const, args, reason };
}

/** An image of a registry that the plan has not pinned. */
const isPinnedLater = (image: string) => !image.includes('@') && !isLoaded(image);

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
    ...compareHeld(spec, row.spec),
    ...(applied ? differencesOf(applied, seen.spec) : []),
  ];
}

/** Only recorded: the service itself does not change with them. */
const RECORDED = new Set<string>(['scaled', 'previous', 'held'] satisfies (keyof ServiceSpec)[]);

/** The release itself is compared key by key. */
function compareHeld({ held: after }: ServiceSpec, { held: before }: ServiceSpec): Difference[] {
  if (equal(before?.asked ?? null, after?.asked ?? null)) return [];
  const reason = after ? 'rolled back' : 'no longer held back';
  return [{ attribute: 'held', cause: 'file', effect: 'update', reason }];
}

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
      const attribute = key === 'rotation' ? name : `${key}.${name}`;
      const [from, to] = [before[name], after[name]].map((each) =>
        each === undefined ? '(none)' : formatValue(attribute, each),
      );
      return fromFile(attribute, before[name], after[name], 'update', `${from} → ${to}`);
    });
}

const MEMBERS = new Set(['limits', 'update', 'placement', 'environment', 'rotation']);

const NUMBER = new Set(['replicas', 'scaled']);

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
    spec.held && `is rolled back: the file asks for another ${spec.held.differs.join(', ')}`,
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
