import { readFileSync } from 'node:fs';
import type { Cluster, ClusterHost } from '../../host/cluster.js';
import type { Kind } from '../../kinds/kind.js';
import { messageOf, UserError } from '../../model/errors.js';
import { type ContentSpec, labelsOf } from '../../model/swarm.js';
import { named, notOurs } from './objects.js';

type Create = ContentSpec & { labels: Record<string, string> };

interface SecretVerbs {
  'secret.create': Create;
  'secret.remove': { id: string };
}

interface ConfigVerbs {
  'config.create': Create;
  'config.remove': { id: string };
}

type ContentKind<Verbs> = Kind<ContentSpec, unknown, true, Verbs>;

/** What both have in common: their objects are made and removed, and never changed. */
const shared = (section: 'secrets' | 'configs') =>
  ({
    table: { file: `${section}.csv`, columns: [{ header: 'ID', value: ({ spec }) => spec.id }] },
    identity: ({ id }) => id,
    observe: ({ id }, _facts, probe) => (named(probe, section, id) ? true : undefined),
    assume: () => true,
    foreign: ({ id }, probe) => notOurs(probe, section, id),
    compare: () => [],
    update: () => [],
  }) satisfies Partial<ContentKind<unknown>>;

/** A secret of the cluster: its managers keep it encrypted, and tasks find it as a file in memory. */
export const secret: ContentKind<SecretVerbs> = {
  name: 'secret',
  ...shared('secrets'),
  create: ({ address, spec }, reason) => [
    { verb: 'secret.create', args: { ...spec, labels: labelsOf(spec.stack, address) }, reason },
  ],
  remove: ({ spec: { id } }, reason) => [{ verb: 'secret.remove', args: { id }, reason }],
  handlers: async (host) => {
    const { cluster, contents } = host as ClusterHost;
    return {
      'secret.create': { one: (args) => create(args, contents, cluster.createSecret) },
      'secret.remove': { waits: true, one: ({ id }) => remove(cluster, 'secret', id) },
    };
  },
};

/** A config of the cluster: the same, and readable by whoever manages it. */
export const config: ContentKind<ConfigVerbs> = {
  name: 'config',
  ...shared('configs'),
  create: ({ address, spec }, reason) => [
    { verb: 'config.create', args: { ...spec, labels: labelsOf(spec.stack, address) }, reason },
  ],
  remove: ({ spec: { id } }, reason) => [{ verb: 'config.remove', args: { id }, reason }],
  handlers: async (host) => {
    const { cluster, contents } = host as ClusterHost;
    return {
      'config.create': { one: (args) => create(args, contents, cluster.createConfig) },
      'config.remove': { waits: true, one: ({ id }) => remove(cluster, 'config', id) },
    };
  },
};

async function create(
  { id, labels, text, ...declared }: Create,
  contents: ClusterHost['contents'],
  make: Cluster['createSecret'],
): Promise<undefined> {
  const content = text === undefined ? read(id, declared, contents) : Buffer.from(text);
  if (content.length > LARGEST) {
    throw new UserError(
      `cannot create ${id}: it has ${content.length} bytes, Docker takes ${LARGEST}`,
    );
  }
  await make({ name: id, labels, content });
  return undefined;
}

/** Bytes of a secret or config: the limit of Docker 20.10 for secrets. */
const LARGEST = 500 * 1024;

function read(
  id: string,
  { from, digest }: Pick<ContentSpec, 'from' | 'digest'>,
  contents: ClusterHost['contents'],
): Buffer {
  if (!from) throw new Error(`${id} has no content`);
  if (!('files' in from)) return contents(from, digest);
  try {
    return Buffer.concat(from.files.map((each) => readFileSync(each)));
  } catch (error) {
    throw new UserError(`cannot create ${id}: ${messageOf(error)}`);
  }
}

async function remove(cluster: Cluster, what: 'secret' | 'config', id: string): Promise<undefined> {
  await cluster.remove(what, id);
  return undefined;
}
