import { createReadStream } from 'node:fs';
import type Docker from 'dockerode';
import { UserError } from '../../model/errors.js';
import { poll } from '../../model/poll.js';
import type { Cluster, ClusterSnapshot, NewContent, NewNetwork } from '../cluster.js';
import { type Connection, connect, type Endpoint, hintOn, statusOf } from './connect.js';
import { credentialsFor } from './credentials.js';
import { readLogs } from './logs.js';
import {
  imageOf,
  listingsOf,
  nodeOf,
  objectOf,
  serviceNamed,
  serviceOf,
  updateService,
  withIds,
} from './services.js';

export interface ClusterEndpoints {
  manager: Endpoint;
  /** The engines of other nodes, by the names that the cluster has for them. */
  nodes: Readonly<Record<string, Endpoint>>;
  /** The nodes get this host's logins for registries with the services that need them. */
  registryAuth: boolean;
}

/** Milliseconds for tasks on their way out to let go of a network, a secret or a config. */
const RELEASE_LIMIT = 60_000;

/** The cluster that an engine manages. */
export function dockerCluster({
  manager: endpoint,
  nodes,
  registryAuth,
}: ClusterEndpoints): Cluster {
  const manager = connect(endpoint);
  const listings = listingsOf(manager);
  const loginFor = async (image: string) => (registryAuth ? credentialsFor(image) : undefined);
  const engines = new Map(Object.entries(nodes).map(([name, each]) => [name, connect(each)]));
  /** The engines of nodes that are up, by name, since the last look; the manager is one of them. */
  let reached = new Map<string, Connection>();
  const engineOf = (node: string): Connection => {
    const engine = reached.get(node);
    if (engine) return engine;
    throw new UserError(`cannot reach node ${node}: swarm.nodes does not name its engine`);
  };
  return {
    look: async (repositories) => {
      const found = await look(manager);
      reached = reachedIn(found, manager, engines);
      const images = repositories.length === 0 ? [] : [...reached];
      const references = images.map(async ([name, engine]): Promise<[string, string[]]> => {
        return [name, await imagesOn(engine, name, repositories)];
      });
      const { self: _self, ...snapshot } = found;
      return { ...snapshot, images: Object.fromEntries(await Promise.all(references)) };
    },
    createNetwork: (network) => createNetwork(manager, network),
    createSecret: (secret) =>
      manager.ask(`create secret ${secret.name}`, async (docker) => {
        await docker.createSecret(contentOf(secret));
      }),
    createConfig: (config) =>
      manager.ask(`create config ${config.name}`, async (docker) => {
        await docker.createConfig(contentOf(config));
      }),
    remove: (what, name) => remove(manager, what, name),
    createService: async (named) => {
      const name = String(named.Name);
      const spec = await withIds(listings, named);
      const login = (await loginFor(imageOf(spec))) ?? NO_LOGIN;
      await manager.ask(`create service ${name}`, (docker) => docker.createService(login, spec));
      return (await serviceNamed(listings, name))?.spec ?? spec;
    },
    updateService: async (name, spec) => {
      const login = await loginFor(imageOf(spec));
      return updateService(manager, listings, name, await withIds(listings, spec), login);
    },
    service: (name) => serviceNamed(listings, name),
    tasks: (stack) => listings.tasks(stack),
    loadImage: (node, archive) =>
      engineOf(node).ask(`load an image on node ${node}`, async (docker) => {
        const answer = await docker.loadImage(createReadStream(archive), { quiet: false });
        await finished(answer);
      }),
    reached: () => [...reached.keys()],
    removeImages: async (repository, keep) => {
      for (const [node, engine] of reached) await removeImages(engine, node, repository, keep);
    },
    digestOf: (reference) =>
      manager.ask(`find ${reference} in its registry`, async (docker) => {
        const authconfig = await loginFor(reference);
        const options = authconfig && ({ authconfig } as Docker.ImageDistributionOptions);
        const { Descriptor } = await docker.getImage(reference).distribution(options);
        return String(Descriptor.digest);
      }),
    logs: (service, options) => readLogs(manager, service, options),
  };
}

/** dockerode takes a service without one for a login. */
const NO_LOGIN = {} as Docker.AuthConfig;

/** @throws UserError for the engine of a node that the cluster does not have */
function reachedIn(
  { nodes, self }: Found,
  manager: Connection,
  engines: ReadonlyMap<string, Connection>,
): Map<string, Connection> {
  const unknown = [...engines.keys()].find((each) => nodes.every(({ name }) => name !== each));
  if (unknown !== undefined) {
    const there = nodes.map(({ name }) => name).join(', ');
    throw new UserError(
      `swarm.nodes names ${unknown}: the swarm has no such node`,
      `It has: ${there}`,
    );
  }
  const up = nodes.filter(({ state }) => state === 'ready');
  return new Map(
    up.flatMap(({ id, name }) => {
      const engine = id === self ? manager : engines.get(name);
      return engine ? [[name, engine] as const] : [];
    }),
  );
}

type Found = Omit<ClusterSnapshot, 'images'> & { self: string };

async function look(manager: Connection): Promise<Found> {
  const info = await manager.ask('ask the engine', (docker) => docker.info());
  const cluster = clusterOf(info);
  const [nodes, networks, secrets, configs, services] = await Promise.all([
    manager.ask('list the nodes', (docker) => docker.listNodes()),
    manager.ask('list the networks', (docker) => docker.listNetworks()),
    manager.ask('list the secrets', (docker) => docker.listSecrets()),
    manager.ask('list the configs', (docker) => docker.listConfigs()),
    manager.ask('list the services', (docker) =>
      docker.listServices({ status: true } as Docker.ServiceListOptions),
    ),
  ]);
  return {
    id: cluster.id,
    self: cluster.self,
    nodes: nodes.map(nodeOf),
    networks: networks
      .filter(({ Scope }) => Scope === 'swarm')
      .map(({ Id, Name, Labels }) => ({ id: Id, name: Name, labels: Labels ?? {} })),
    secrets: secrets.map(objectOf),
    configs: configs.map(objectOf),
    services: services.map(serviceOf),
  };
}

/** @throws UserError unless the engine manages a swarm */
function clusterOf(info: Info): { id: string; self: string } {
  const { Swarm: swarm, Name: name } = info;
  if (swarm?.Error) {
    throw new UserError(`cannot use the swarm of ${name}: ${swarm.Error}`, hintOn(swarm.Error));
  }
  if (swarm?.LocalNodeState !== 'active') {
    const hint = 'docker swarm init there makes one; docker swarm join has it join another.';
    throw new UserError(`cannot use ${name}: its engine is in no swarm`, hint);
  }
  const id = swarm.Cluster?.ID;
  if (!swarm.ControlAvailable || id === undefined) {
    const managers = (swarm.RemoteManagers ?? []).map(({ Addr }) => Addr).join(', ');
    throw new UserError(
      `cannot use ${name}: it is a worker of its swarm`,
      `Name the engine of a manager${managers ? `: they are ${managers}` : '.'}`,
    );
  }
  return { id, self: swarm.NodeID ?? '' };
}

/** What baleine reads of `GET /info`. */
interface Info {
  Name?: string;
  Swarm?: {
    NodeID?: string;
    LocalNodeState?: string;
    ControlAvailable?: boolean;
    Error?: string;
    RemoteManagers?: { Addr: string }[] | null;
    Cluster?: { ID: string };
  };
}

async function imagesOn(
  engine: Connection,
  node: string,
  repositories: readonly string[],
): Promise<string[]> {
  const filters = JSON.stringify({ reference: repositories });
  const found = await engine.ask(`list the images of node ${node}`, (docker) =>
    docker.listImages({ filters }),
  );
  return found.flatMap(({ RepoTags }) => RepoTags ?? []);
}

async function removeImages(
  engine: Connection,
  node: string,
  repository: string,
  keep: readonly string[],
): Promise<void> {
  const references = await imagesOn(engine, node, [repository]);
  for (const each of references.filter((reference) => !keep.includes(reference))) {
    await removeReleased(engine, `image ${each} of node ${node}`, (docker) =>
      docker.getImage(each).remove(),
    );
  }
}

async function createNetwork(manager: Connection, network: NewNetwork): Promise<void> {
  const { name, labels, internal, encrypted } = network;
  await manager.ask(`create network ${name}`, (docker) =>
    docker.createNetwork({
      ...{
        Name: name,
        Driver: 'overlay',
        CheckDuplicate: true,
        Internal: internal,
        Labels: labels,
      },
      ...(encrypted && { Options: { encrypted: '' } }),
    } as never),
  );
}

const contentOf = ({ name, labels, content }: NewContent) => ({
  ...{ Name: name, Labels: labels, Data: content.toString('base64') },
});

type Removed = Parameters<Cluster['remove']>[0];

const remove = (manager: Connection, what: Removed, name: string): Promise<void> =>
  removeReleased(manager, `${what} ${name}`, (docker) => handleOf(docker, what, name).remove());

/** Tasks on their way out use things for a while. */
async function removeReleased(
  engine: Connection,
  what: string,
  call: (docker: Docker) => Promise<unknown>,
): Promise<void> {
  const attempt = () =>
    engine.ask(`remove ${what}`, call).then(
      () => undefined,
      (error: unknown) => (statusOf(error) === 404 ? undefined : (error as Error)),
    );
  // a network that the cluster has no more is `not found`, with status 500, while a node still has it
  const isOver = (error: Error | undefined) =>
    !error || !/in use|active endpoints|being used|is using|not found/.test(error.message);
  const error = await poll(attempt, {
    ...{ until: isOver, limit: RELEASE_LIMIT, pause: 250, maxPause: 2000 },
  });
  if (error) throw error;
}

function handleOf(docker: Docker, what: Removed, name: string) {
  if (what === 'network') return docker.getNetwork(name);
  if (what === 'secret') return docker.getSecret(name);
  return what === 'config' ? docker.getConfig(name) : docker.getService(name);
}

/** The answer of a load is a stream of JSON, which tells of its progress; an error comes in it. */
async function finished(answer: NodeJS.ReadableStream): Promise<void> {
  let tail = '';
  for await (const part of answer) tail = (tail + String(part)).slice(-MAX_ANSWER);
  const failure = /"error":\s*"((?:[^"\\]|\\.)*)"/.exec(tail)?.[1];
  if (failure !== undefined) throw new UserError(`cannot load the image: ${failure}`);
}

/** Characters of an answer that are kept. */
const MAX_ANSWER = 64 * 1024;
