import { rollbackError } from '../../kinds/container/rollback.js';
import { type Address, addressOf } from '../../model/address.js';
import type { Config } from '../../model/config.js';
import type { Plan } from '../../model/plan.js';
import { type Resource, type Row, resourceFromRow } from '../../model/resource.js';
import type { ServiceSpec, SwarmImageSpec } from '../../model/swarm.js';
import type { Store } from '../../state/store.js';
import { isLoaded, proxyOf, repositoryIn, serversOf } from '../../swarm/desired/names.js';
import { pinnedTo, pinPrevious, ROTATION, type ServiceRow } from '../../swarm/desired/release.js';
import { specAfterRollback } from '../../swarm/kinds/service.js';
import { ofStack, planResources } from '../plan-resources.js';
import type { SwarmContext } from './context.js';
import { desiredResources } from './plan.js';

type Service = Resource<ServiceSpec>;

/**
 * The plan that rolls a service, a farm or an entry of `containers`, back to its previous release. Other
 * resources are not touched, except for the proxy of a farm whose port or health check goes back.
 *
 * @throws UserError if there is no previous release
 */
export async function planServiceRollback(
  context: SwarmContext,
  config: Config,
  rows: readonly Row[],
  name: string,
): Promise<Plan> {
  const own = ofStack(config.name, rows);
  const declared = serviceNamed(name, config, await desiredResources(context, config, rows));
  const row = rowOf(declared, own);
  if (!row) throw rollbackError(name, 'it does not exist yet');
  if (declared.spec.held || specAfterRollback(declared, row)) {
    const hint = `To return to the release of the file: baleine rollback --undo ${name}`;
    throw rollbackError(name, 'it is already rolled back', hint);
  }
  const held = pinPrevious(declared.spec, row);
  if (!held) throw rollbackError(name, 'it has not changed since it was created');
  const snapshot = await context.probe();
  for (const [node, references] of Object.entries(snapshot.cluster.images)) {
    refuseMissing(name, held.to.image, node, references);
  }
  const pinned: ServiceRow = { ...row, spec: { ...row.spec, held } };
  const back: Service = {
    ...resourceFromRow({ ...row, spec: pinnedTo(row.spec, held) }),
    needs: [...new Set([...row.needs, ...imagesFor(held.to.image, own)])],
  };
  const after = own.map((each) => (each === row ? pinned : each));
  const front = held.differs.includes(ROTATION) ? await frontOf(context, config, after, name) : [];
  const changed: Resource[] = [back, ...front];
  const replaced = new Set<Address>([
    ...changed.map(({ address }) => address),
    ...configsBefore(front, own),
  ]);
  const rest = own.map(resourceFromRow).filter(({ address }) => !replaced.has(address));
  const how = { targets: [...replaced], look: async () => snapshot };
  return planResources(context, config.name, [...rest, ...changed], rows, how);
}

/** @throws UserError if the file has no farm or container, and so no service, of that name */
function serviceNamed(name: string, { farms, name: stack }: Config, all: Resource[]): Service {
  const services = all.filter(({ kind }) => kind === 'service') as Service[];
  const wanted = Object.hasOwn(farms, name) ? serversOf(name) : name;
  const found = services.find((each) => each.name === wanted);
  if (found) return found;
  const names = services.map((each) => String(each.entry?.[1] ?? each.name));
  const hint = names.length > 0 ? `It has: ${[...new Set(names)].join(', ')}` : undefined;
  throw rollbackError(name, `no farm or container of that name in stack ${stack}`, hint);
}

const rowOf = ({ address }: Service, rows: readonly Row[]) =>
  rows.find((row) => addressOf(row.kind, row.name) === address) as ServiceRow | undefined;

/** The recorded image that a reference is a version of. */
function imagesFor(reference: string, rows: readonly Row[]): Address[] {
  const repository = repositoryIn(reference);
  return rows.flatMap((row) => {
    const isIt =
      row.kind === 'image' && repositoryIn((row.spec as SwarmImageSpec).reference) === repository;
    return isIt ? [addressOf(row.kind, row.name)] : [];
  });
}

/** @throws UserError for an image that is brought to nodes, and not on this one any more */
function refuseMissing(
  name: string,
  reference: string,
  node: string,
  references: readonly string[],
): void {
  if (!isLoaded(reference) || references.includes(reference)) return;
  throw rollbackError(
    name,
    `node ${node} has image ${reference} no more`,
    'Change the file back instead, and apply it.',
  );
}

/** The proxy of a farm with what it needs, for servers at the release that they are pinned to. */
async function frontOf(
  context: SwarmContext,
  config: Config,
  rows: readonly Row[],
  farm: string,
): Promise<Resource[]> {
  const all = await desiredResources(context, config, rows);
  const proxy = all.find(({ kind, name }) => kind === 'service' && name === proxyOf(farm));
  if (!proxy) return [];
  const recorded = new Set(rows.map((row) => addressOf(row.kind, row.name)));
  const isNew = ({ address }: Resource) => proxy.needs.includes(address) && !recorded.has(address);
  return [proxy, ...all.filter(isNew)];
}

/** The configurations that a proxy leaves behind. */
function configsBefore(front: readonly Resource[], rows: readonly Row[]): Address[] {
  const needs = new Set(front.flatMap((each) => each.needs));
  const before = front.flatMap(({ kind, name }) =>
    rows.filter((row) => row.kind === kind && row.name === name).flatMap((row) => row.needs),
  );
  return before.filter((each) => each.startsWith('config.') && !needs.has(each));
}

/**
 * Ends the pin of a service, also one by the swarm itself after a failed update: the next apply has it
 * as in the file.
 *
 * @throws UserError if it is not rolled back
 */
export async function unpinService(
  context: SwarmContext,
  config: Config,
  store: Store,
  name: string,
): Promise<void> {
  const declared = serviceNamed(name, config, await desiredResources(context, config, store.rows));
  const row = rowOf(declared, ofStack(config.name, store.rows));
  if (!row?.spec.held && !row?.facts.refused) {
    throw rollbackError(name, 'it is not rolled back, so there is nothing to undo');
  }
  const { held: _held, ...spec } = row.spec;
  await store.put({ ...row, spec, facts: { ...row.facts, refused: '' } });
}
