import type { Probe } from '../host/ports.js';
import { byName, IMPERATIVE_STACK } from '../model/address.js';
import { EGRESS_IMAGE, egressName } from '../model/egress.js';
import { UserError } from '../model/errors.js';
import { isNeverCreated, type Row } from '../model/resource.js';
import type { BridgeSpec, ContainerSpec } from '../model/specs.js';
import type { Context } from './context.js';
import { applyChange } from './imperative/change.js';
import {
  imperativeRow,
  namedAddress,
  refuseExisting,
  refuseUsed,
  rowsOf,
  usableRow,
  usersIn,
} from './imperative/record.js';
import type { ChangeOptions } from './options.js';

/** @param entry keys of a bridge as in a file */
export function createNetwork(
  context: Context,
  name: string,
  entry: object,
  options: ChangeOptions,
): Promise<number> {
  const purpose = `create network ${name}`;
  return applyChange(context, options, (rows) => {
    refuseExisting(rows, 'bridge', name, purpose);
    if ('egress' in entry) refuseTakenNames(rows, name, purpose);
    const entries = { bridges: { [name]: entry } };
    return { purpose, entries, targets: [namedAddress('bridge', name, purpose)] };
  });
}

/** The names of its way out, and of the image of all of them. */
function refuseTakenNames(rows: readonly Row[], network: string, purpose: string): void {
  const own = rows.filter(({ stack }) => stack === IMPERATIVE_STACK);
  const hasWays = rowsOf(own, 'container').some(({ spec }) => spec.egress);
  const taken = [
    ...own.filter(({ kind, name }) => kind === 'container' && name === egressName(network)),
    ...own.filter(({ kind, name }) => kind === 'image' && name === EGRESS_IMAGE && !hasWays),
  ].filter((row) => !isNeverCreated(row));
  if (taken.length === 0) return;
  throw new UserError(
    taken.map(
      ({ kind, name }) =>
        `cannot ${purpose}: its way out would be ${kind} ${name}, and there is one`,
    ),
    'Remove or rename that first.',
  );
}

/** Details of networks. */
export async function inspectNetworks(context: Context, names: readonly string[]) {
  const { rows } = context.state();
  const known = describeNetworks(rows, await context.probe());
  return names.map((name) => {
    const { stack, spec } = usableRow(rows, 'bridge', name, `inspect network ${name}`);
    return { ...spec, ...known.find((each) => each.name === name && each.stack === stack) };
  });
}

/** @throws UserError for a network that a container is attached to */
export function removeNetworks(
  context: Context,
  names: string[],
  options: ChangeOptions,
): Promise<number> {
  const purpose = `remove network ${names.join(', ')}`;
  return applyChange(context, options, (rows) => {
    for (const name of names) {
      const { spec } = imperativeRow(rows, 'bridge', name, `remove network ${name}`);
      const users = usersIn(rows).filter((row) => isOn(row, spec));
      refuseUsed(`remove network ${name}`, users);
    }
    return { purpose, removed: names.map((name) => namedAddress('bridge', name, purpose)) };
  });
}

/** Whether a container, other than its way out, is on a bridge. */
const isOn = ({ spec }: Row<ContainerSpec>, { link }: BridgeSpec) =>
  !spec.egress && spec.links.some(({ bridge_link }) => bridge_link === link);

/** A bridge as `network list --json` has it. */
export interface ListedNetwork {
  name: string;
  stack: string;
  /** Its interface on the host. */
  link: string;
  subnet?: string;
  host?: string;
  subnet6?: string;
  host6?: string;
  uplink?: string;
  isolated: boolean;
  up: boolean;
  /** Ids of the containers with an interface on it now. */
  connected: string[];
  /** Ids of the containers that have one when they run. */
  containers: string[];
}

/** Networks of every stack as they are on the host now. */
export function describeNetworks(rows: readonly Row[], probe: Probe): ListedNetwork[] {
  const links = usersIn(rows).flatMap(({ spec }) =>
    spec.links.map((link) => ({ id: spec.id, ...link })),
  );
  return rowsOf(rows, 'bridge')
    .sort((a, b) => byName(a.stack, b.stack) || byName(a.name, b.name))
    .map(({ name, stack, spec: { alias: _alias, ...spec } }) => {
      const members = links.filter(({ bridge_link }) => bridge_link === spec.link);
      const connected = members.filter(({ link }) => probe.link(link)?.master === spec.link);
      return {
        name,
        stack,
        ...spec,
        up: probe.link(spec.link)?.up ?? false,
        connected: connected.map(({ id }) => id),
        containers: members.map(({ id }) => id),
      };
    });
}
