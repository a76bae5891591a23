import { join } from 'node:path';
import type { HandlerTable } from '../../execute/execute.js';
import type { Cluster, ClusterHost, ClusterSnapshot } from '../../host/cluster.js';
import { dockerCluster } from '../../host/docker/cluster.js';
import type { Endpoint } from '../../host/docker/connect.js';
import type { Kinds } from '../../kinds/kind.js';
import type { Config } from '../../model/config.js';
import { clustersIn } from '../../model/install-paths.js';
import type { Lock, LockTimeouts } from '../../state/lock.js';
import type { TableFormat } from '../../state/table.js';
import { repositoryOf } from '../../swarm/desired/names.js';
import { swarmKinds } from '../../swarm/kinds/index.js';
import type { SwarmProbe } from '../../swarm/probe.js';
import { Context, tablesOf } from '../context.js';
import { type FastPath, fullPath } from '../fast-path/index.js';
import { livePlanHost } from '../live-plan-host.js';
import type { PlanHost } from '../plan-host.js';

const SWARM_TABLES = tablesOf(swarmKinds);

/** Docker's own default. */
const DEFAULT_HOST = 'unix:///var/run/docker.sock';

/**
 * The context of a stack on a Docker Swarm. The state of each cluster is a root of its own, below that
 * of this host, whose containers know nothing of it.
 *
 * @param repositories of images that the nodes are asked for
 * @throws UserError for an engine that is not reached, or manages no swarm
 */
export async function openSwarm(
  context: Context,
  config: Config,
  repositories: readonly string[] = repositoriesOf(config),
): Promise<SwarmContext> {
  const cluster = dockerCluster(endpointsOf(config, context.options.host));
  const first = await cluster.look(repositories);
  const root = join(clustersIn(context.options.root), first.id);
  return new SwarmContext({ ...context.options, root }, context, cluster, repositories, first);
}

function endpointsOf({ swarm }: Config, named: string | undefined) {
  const { DOCKER_HOST, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH } = process.env;
  const certificates = swarm?.certificates ?? (DOCKER_TLS_VERIFY ? DOCKER_CERT_PATH : undefined);
  const endpoint = (host: string): Endpoint => ({
    host,
    ...(certificates !== undefined && { certificates }),
  });
  const manager = endpoint(named ?? swarm?.host ?? (DOCKER_HOST || DEFAULT_HOST));
  const nodes = Object.entries(swarm?.nodes ?? {}).map(([name, host]) => [name, endpoint(host)]);
  return {
    manager,
    nodes: Object.fromEntries(nodes) as Record<string, Endpoint>,
    registryAuth: swarm?.registry_auth ?? false,
  };
}

/** Of the images that are brought to nodes; those in a registry are found there. */
function repositoriesOf({ name, images, swarm }: Config): string[] {
  if (swarm?.registry !== undefined) return [];
  const made = Object.entries(images).filter(([, each]) => !each.external);
  return made.map(([image]) => repositoryOf(name, image, undefined));
}

export class SwarmContext extends Context {
  override readonly engine = 'swarm';
  override readonly kinds: Kinds = swarmKinds;
  override readonly tables: readonly TableFormat[] = SWARM_TABLES;
  /** What only concerns containers of this host is left out. */
  override readonly planHost: PlanHost = {
    ...livePlanHost(this),
    checkHealth: async (_rows, probe) => probe,
    checkProxies: async () => [],
  };
  readonly #full: FastPath;
  #first: ClusterSnapshot | undefined;

  constructor(
    options: Context['options'],
    local: Context,
    readonly cluster: Cluster,
    private readonly repositories: readonly string[],
    first: ClusterSnapshot,
  ) {
    super(options, local.frontendIfAny);
    this.noCache = local.noCache;
    this.buildArgs = local.buildArgs;
    this.buildsLater = local.buildsLater;
    this.#first = first;
    this.#full = fullPath(this);
  }

  /** A run from cron asks the cluster in any case. */
  override get fastPath(): FastPath {
    return this.#full;
  }

  /** What was seen before may be what another run has changed since. */
  override async lock(patience: LockTimeouts): Promise<Lock> {
    const lock = await super.lock(patience);
    this.#first = undefined;
    return lock;
  }

  override async probe(): Promise<SwarmProbe> {
    const first = this.#first;
    this.#first = undefined;
    const [host, cluster] = await Promise.all([
      super.probe(),
      first ?? this.cluster.look(this.repositories),
    ]);
    return { ...host, cluster };
  }

  override async handlers(): Promise<HandlerTable> {
    const contents = await this.fileContents();
    const host: ClusterHost = {
      ...(await this.host()),
      cluster: this.cluster,
      contents: ({ section, source, origin }, digest) =>
        contents.of({
          ...{ section, source, digest, target: '', mode: 0 },
          ...(origin && { from: origin }),
        }),
    };
    const tables = Object.values(swarmKinds).map((kind) => kind.handlers(host, this.paths));
    return Object.assign({}, ...(await Promise.all(tables)));
  }
}
