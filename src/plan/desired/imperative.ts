import { type Address, addressOf, BY_HAND } from '../../model/address.js';
import type { Config } from '../../model/config.js';
import { asRecorded, type Resource } from '../../model/resource.js';
import type { Context } from './context.js';
import { desired } from './index.js';

export interface ByHand {
  /** All that was made by hand, as it is to be. */
  resources: Resource[];
  /** Those whose turn it is: what was asked for, and the names of peers, which follow. */
  targets: Address[];
}

/**
 * What was made by hand as it is on record, but for what the config says, in addition or instead,
 * and for what is gone.
 */
export function desiredByHand(
  context: Omit<Context, 'kept'>,
  asked: readonly Address[],
  gone: readonly Address[],
): ByHand {
  const own = context.rows.filter(({ stack }) => stack === BY_HAND);
  const other = new Set([...gone, ...madeBy(context.config)]);
  const kept = own.filter(({ kind, name }) => !other.has(addressOf(kind, name)));
  const resources = desired({ ...context, kept });
  const hosts = [...resources, ...own.map(asRecorded)].filter(({ kind }) => kind === 'hosts');
  const targets = new Set([...asked, ...hosts.map(({ address }) => address)]);
  return { resources, targets: [...targets] };
}

function madeBy({ images, bridges, volumes, containers }: Config): Address[] {
  const sections = { image: images, bridge: bridges, volume: volumes, container: containers };
  return Object.entries(sections).flatMap(([kind, entries]) =>
    Object.entries<object>(entries)
      .filter(([, entry]) => !('external' in entry && entry.external))
      .map(([name]) => addressOf(kind as keyof typeof sections, name)),
  );
}
