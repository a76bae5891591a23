import { type Address, addressOf, IMPERATIVE_STACK } from '../model/address.js';
import type { Config } from '../model/config.js';
import { type Resource, resourceFromRow } from '../model/resource.js';
import { desired } from './desired.js';
import type { Context } from './desired-context.js';

export interface ImperativeState {
  /** Everything made by imperative commands, as desired. */
  resources: Resource[];
  /** What to apply: the requested resources, and the derived host names of their peers. */
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
  const other = new Set([...removed, ...declaredIn(context.config)]);
  const kept = own.filter(({ kind, name }) => !other.has(addressOf(kind, name)));
  const resources = desired({ ...context, kept });
  const hosts = [...resources, ...own.map(resourceFromRow)].filter(({ kind }) => kind === 'hosts');
  const targets = new Set([...requested, ...hosts.map(({ address }) => address)]);
  return { resources, targets: [...targets] };
}

function declaredIn({ images, bridges, volumes, containers }: Config): Address[] {
  const sections = { image: images, bridge: bridges, volume: volumes, container: containers };
  return Object.entries(sections).flatMap(([kind, entries]) =>
    Object.entries<object>(entries)
      .filter(([, entry]) => !('external' in entry && entry.external))
      .map(([name]) => addressOf(kind as keyof typeof sections, name)),
  );
}
