import type Docker from 'dockerode';
import { UserError } from '../../model/errors.js';
import { STACK } from '../../model/swarm.js';
import type {
  ApiService,
  ClusterNode,
  ClusterObject,
  ClusterService,
  ClusterTask,
} from '../cluster.js';
import type { Connection } from './connect.js';
import { shared } from './shared.js';

// biome-ignore lint/suspicious/noExplicitAny: as dockerode types what it answers
export function nodeOf({ ID, Description, Spec, Status }: any): ClusterNode {
  return {
    id: ID,
    name: Description?.Hostname ?? ID,
    role: Spec?.Role,
    availability: Spec?.Availability,
    state: Status?.State,
    address: Status?.Addr ?? '',
  };
}

export interface Listed {
  ID: string;
  Spec?: { Name?: string | undefined; Labels?: Record<string, string> | undefined } | undefined;
}

export const objectOf = ({ ID, Spec }: Listed): ClusterObject => ({
  id: ID,
  name: Spec?.Name ?? '',
  labels: Spec?.Labels ?? {},
});

interface ListedService extends Listed {
  Version?: { Index?: number | undefined } | undefined;
  PreviousSpec?: unknown;
  UpdateStatus?: { State?: string | undefined; Message?: string | undefined } | undefined;
  ServiceStatus?: { RunningTasks: number; DesiredTasks: number } | undefined;
}

export function serviceOf(service: ListedService): ClusterService {
  const { Spec, PreviousSpec, Version, UpdateStatus, ServiceStatus } = service;
  return {
    ...objectOf(service),
    version: Version?.Index ?? 0,
    spec: (Spec ?? {}) as ApiService,
    ...(PreviousSpec !== undefined && { previous: PreviousSpec as ApiService }),
    ...(UpdateStatus?.State && {
      update: { state: UpdateStatus.State, message: UpdateStatus.Message ?? '' },
    }),
    desired: ServiceStatus?.DesiredTasks ?? 0,
    running: ServiceStatus?.RunningTasks ?? 0,
  };
}

/** What is asked of a manager again and again, once for all services that are followed at a time. */
export interface Listings {
  services(): Promise<ClusterService[]>;
  secrets(): Promise<Listed[]>;
  configs(): Promise<Listed[]>;
  tasks(stack: string): Promise<ClusterTask[]>;
}

export function listingsOf({ ask }: Connection): Listings {
  const nodes = shared(() => ask('list the nodes', (docker) => docker.listNodes()));
  const tasksOf = async (stack: string) => {
    const filters = JSON.stringify({ label: [`${STACK}=${stack}`] });
    const [tasks, known] = await Promise.all([
      ask('list the tasks', (docker) => docker.listTasks({ filters })),
      nodes(),
    ]);
    const names = new Map(known.map(nodeOf).map(({ id, name }) => [id, name]));
    return tasks.map((task) => taskOf(task, names)).sort((a, b) => b.at - a.at);
  };
  const byStack = new Map<string, () => Promise<ClusterTask[]>>();
  return {
    services: shared(async () => {
      const options = { status: true } as Docker.ServiceListOptions;
      return (await ask('list the services', (docker) => docker.listServices(options))).map(
        serviceOf,
      );
    }),
    secrets: shared(() => ask('list the secrets', (docker) => docker.listSecrets())),
    configs: shared(() => ask('list the configs', (docker) => docker.listConfigs())),
    tasks: (stack) => {
      const found = byStack.get(stack) ?? shared(() => tasksOf(stack));
      byStack.set(stack, found);
      return found();
    },
  };
}

export async function serviceNamed(
  { services }: Listings,
  name: string,
): Promise<ClusterService | undefined> {
  return (await services()).find((each) => each.name === name);
}

interface FileOfTask {
  SecretName?: string;
  ConfigName?: string;
}

/** A service refers to secrets and configs by their ids, too. */
export async function withIds(listings: Listings, spec: ApiService): Promise<ApiService> {
  const task = spec.TaskTemplate as unknown as { ContainerSpec: { [key: string]: FileOfTask[] } };
  const { Secrets: secrets = [], Configs: configs = [] } = task.ContainerSpec;
  if (secrets.length + configs.length === 0) return spec;
  const [known, others] = await Promise.all([listings.secrets(), listings.configs()]);
  const idOf = (all: Listed[], name = '') => {
    const found = all.find(({ Spec }) => Spec?.Name === name);
    if (found) return found.ID;
    throw new UserError(
      `cannot give ${name} to service ${spec.Name}: the swarm has none of that name`,
    );
  };
  const container = {
    ...task.ContainerSpec,
    Secrets: secrets.map((each) => ({ ...each, SecretID: idOf(known, each.SecretName) })),
    Configs: configs.map((each) => ({ ...each, ConfigID: idOf(others, each.ConfigName) })),
  };
  return { ...spec, TaskTemplate: { ...task, ContainerSpec: container } as never };
}

/** Reference of the image of a service. */
export const imageOf = ({ TaskTemplate }: ApiService): string =>
  (TaskTemplate as unknown as { ContainerSpec?: { Image?: string } })?.ContainerSpec?.Image ?? '';

/** Between looking and updating, somebody else may update it: then it is looked at again. */
export async function updateService(
  manager: Connection,
  listings: Listings,
  name: string,
  spec: ApiService,
  login: Docker.AuthConfig | undefined,
): Promise<ApiService> {
  for (let attempts = 3; ; attempts--) {
    const found = await serviceNamed(listings, name);
    if (!found) throw new UserError(`cannot update service ${name}: it is gone`);
    const parts = { _query: { version: found.version }, _body: spec, authconfig: login };
    try {
      await manager.ask(`update service ${name}`, (docker) =>
        docker.getService(found.id).update(parts),
      );
      return (await serviceNamed(listings, name))?.spec ?? spec;
    } catch (error) {
      if (attempts === 1 || !/out of sequence/.test(String(error))) throw error;
    }
  }
}

// biome-ignore lint/suspicious/noExplicitAny: as dockerode types what it answers
function taskOf(task: any, names: ReadonlyMap<string, string>): ClusterTask {
  const { ID, ServiceID, Slot, NodeID, Status, DesiredState, Spec } = task;
  const node = names.get(NodeID);
  const error = Status?.Err || undefined;
  return {
    id: ID,
    service: ServiceID,
    slot: Slot ?? 0,
    ...(node !== undefined && { node }),
    state: Status?.State ?? 'unknown',
    desired: DesiredState,
    spec: Spec ?? {},
    ...(error !== undefined && { error: String(error) }),
    image: Spec?.ContainerSpec?.Image ?? '',
    at: Date.parse(Status?.Timestamp ?? '') || 0,
    ports: (Status?.PortStatus?.Ports ?? []).map(portText),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: as above
const portText = ({ PublishedPort, TargetPort, Protocol }: any) =>
  `*:${PublishedPort}->${TargetPort}/${Protocol}`;
