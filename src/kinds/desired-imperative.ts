import { type Address, addressOf, IMPERATIVE_STACK } from '../model/address.js';
import type { Config } from '../model/config.js';
import { EGRESS_IMAGE, egressName } from '../model/egress.js';
import { FORWARDER, UDP_FORWARDER } from '../model/publish.js';
import { type Resource, type Row, resourceFromRow } from '../model/resource.js';
import type { BridgeSpec } from '../model/specs.js';
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
  const ways = waysOut(context.config, own, removed);
  const other = new Set([...removed, ...forwarding, ...ways, ...declaredIn(context.config)]);
  const kept = own.filter(({ kind, name }) => !other.has(addressOf(kind, name)));
  const resources = desired({ ...context, kept });
  const all = [...resources, ...own.map(resourceFromRow)];
  const derived = all.filter((each) => each.kind === 'hosts' || isForwarding(each));
  const targets = new Set([...requested, ...ways, ...derived.map(({ address }) => address)]);
  return { resources, targets: [...targets] };
}

/** What forwards published ports; it exists while a container publishes one. */
const isForwarding = ({ kind, name }: Pick<Row, 'kind' | 'name'>) =>
  [FORWARDER, UDP_FORWARDER].includes(name) && ['image', 'config', 'container'].includes(kind);

/**
 * The ways out of bridges that are made or removed, which are theirs; the image of all of them comes with
 * the first and goes with the last.
 */
function waysOut({ bridges }: Config, own: readonly Row[], removed: readonly Address[]): Address[] {
  const made = Object.entries(bridges).filter(([, each]) => !each.external && each.egress);
  const recorded = (own as readonly Row<BridgeSpec>[]).filter(
    ({ kind, spec }) => kind === 'bridge' && spec.egress,
  );
  const [gone, kept] = [true, false].map((isGone) =>
    recorded.filter(({ name }) => removed.includes(addressOf('bridge', name)) === isGone),
  ) as [Row[], Row[]];
  const names = [...made.map(([name]) => name), ...gone.map(({ name }) => name)];
  const isImageOurs = made.length > 0 || (gone.length > 0 && kept.length === 0);
  return [
    ...(isImageOurs ? [addressOf('image', EGRESS_IMAGE)] : []),
    ...names.map((name) => addressOf('container', egressName(name))),
  ];
}

function declaredIn({ images, bridges, volumes, containers }: Config): Address[] {
  const sections = { image: images, bridge: bridges, volume: volumes, container: containers };
  return Object.entries(sections).flatMap(([kind, entries]) =>
    Object.entries<object>(entries)
      .filter(([, entry]) => !('external' in entry && entry.external))
      .map(([name]) => addressOf(kind as keyof typeof sections, name)),
  );
}
