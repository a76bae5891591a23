import { type Address, addressOf, IMPERATIVE_STACK } from '../model/address.js';
import type { Config } from '../model/config.js';
import { FORWARDER, UDP_FORWARDER } from '../model/publish.js';
import { type Resource, type Row, resourceFromRow } from '../model/resource.js';
import { desired } from './desired.js';
import type { Context } from './desired-context.js';

export interface ImperativeState {
  /** Everything made by imperative commands, as desired. */
  resources: Resource[];
  /** What to apply: the requested resources, the derived host names of their peers, and what forwards ports. */
  targets: Address[];
}

/**
 * The desired state of imperative resources: as recorded, changed or extended by the config,
 * without what was removed.
 */
export function desiredImperative(
  context: Omit<Context, 'kept'>,
  requested: readonly Address[],
  removed: readonly Address[],
): ImperativeState {
  const own = context.rows.filter(({ stack }) => stack === IMPERATIVE_STACK);
  const forwarding = own.filter(isForwarding).map(({ kind, name }) => addressOf(kind, name));
  const other = new Set([...removed, ...forwarding, ...declaredIn(context.config)]);
  const kept = own.filter(({ kind, name }) => !other.has(addressOf(kind, name)));
  const resources = desired({ ...context, kept });
  const all = [...resources, ...own.map(resourceFromRow)];
  const derived = all.filter((each) => each.kind === 'hosts' || isForwarding(each));
  const targets = new Set([...requested, ...derived.map(({ address }) => address)]);
  return { resources, targets: [...targets] };
}

/** What forwards published ports; it exists while a container publishes one. */
const isForwarding = ({ kind, name }: Pick<Row, 'kind' | 'name'>) =>
  [FORWARDER, UDP_FORWARDER].includes(name) && ['image', 'config', 'container'].includes(kind);

function declaredIn({ images, bridges, volumes, containers }: Config): Address[] {
  const sections = { image: images, bridge: bridges, volume: volumes, container: containers };
  return Object.entries(sections).flatMap(([kind, entries]) =>
    Object.entries<object>(entries)
      .filter(([, entry]) => !('external' in entry && entry.external))
      .map(([name]) => addressOf(kind as keyof typeof sections, name)),
  );
}
