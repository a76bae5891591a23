import { type Address, addressOf } from '../model/address.js';
import { FORWARDER, placeText } from '../model/publish.js';
import type { Resource, Row } from '../model/resource.js';
import type { ContainerSpec } from '../model/specs.js';

const CARRIERS = (['image', 'config', 'container'] as const).map((kind) =>
  addressOf(kind, FORWARDER),
);

/**
 * What a container needs for its ports to be published, or not to be any more: it runs without, but
 * who asks for the container asks for its ports.
 */
export function carriersOf(
  address: Address,
  resources: readonly Resource[],
  rows: readonly Row[],
): Address[] {
  const isIt = ({ kind, name }: Resource | Row) => addressOf(kind, name) === address;
  const all = [resources.find(isIt), rows.find(isIt)] as (
    | Resource<Partial<ContainerSpec>>
    | undefined
  )[];
  return all.some((each) => each && isForwarded(each.spec)) ? CARRIERS : [];
}

function isForwarded({ publish = [], sockets = [] }: Partial<ContainerSpec>): boolean {
  const own = new Set(sockets.map(placeText));
  return publish.some((each) => !own.has(placeText(each)));
}
