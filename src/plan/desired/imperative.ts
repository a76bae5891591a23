import { type Address, addressOf, IMPERATIVE_STACK } from '../../model/address.js';
import type { Config } from '../../model/config.js';
import { type Resource, resourceFromRow } from '../../model/resource.js';
import type { Context } from './context.js';
import { desired } from './index.js';

export interface ImperativeState {
  /** All that was made by hand, as it is to be. */
  resources: Resource[];
  /** Those whose turn it is: what was asked for, and the names of peers, which follow. */
  targets: Address[];
}

/**
 * What was made by hand as it is on record, but for what the config says, in addition or instead,
 * and for what is gone.
 */
export function desiredImperative(
  context: Omit<Context, 'kept'>,
  asked: readonly Address[],
  gone: readonly Address[],
): ImperativeState {
  const own = context.rows.filter(({ stack }) => stack === IMPERATIVE_STACK);
  const other = new Set([...gone, ...declaredIn(context.config)]);
  const kept = own.filter(({ kind, name }) => !other.has(addressOf(kind, name)));
  const resources = desired({ ...context, kept });
  const hosts = [...resources, ...own.map(resourceFromRow)].filter(({ kind }) => kind === 'hosts');
  const targets = new Set([...asked, ...hosts.map(({ address }) => address)]);
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
