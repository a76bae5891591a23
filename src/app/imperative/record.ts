import {
  type Address,
  addressOf,
  IMPERATIVE_STACK,
  isName,
  type KindName,
} from '../../model/address.js';
import { UserError } from '../../model/errors.js';
import { isNeverCreated, pendingReason, type Row } from '../../model/resource.js';
import type {
  BridgeSpec,
  ContainerSpec,
  ImageSpec,
  JobSpec,
  VolumeSpec,
} from '../../model/specs.js';

interface Specs {
  image: ImageSpec;
  bridge: BridgeSpec;
  container: ContainerSpec;
  volume: VolumeSpec;
}

type Named = keyof Specs;

/** The command of a kind, which is also the kind's name on the command line. */
const FAMILY: Record<Named, string> = {
  image: 'image',
  bridge: 'network',
  container: 'container',
  volume: 'volume',
};

export function rowsOf<Kind extends Named>(
  rows: readonly Row[],
  kind: Kind,
): Row<Specs[Kind], Record<string, unknown>>[] {
  return rows.filter((row) => row.kind === kind) as Row<Specs[Kind], Record<string, unknown>>[];
}

/** Rows of containers, and those of jobs as what their runs are: both use images, bridges and volumes. */
export function usersIn(rows: readonly Row[]): Row<ContainerSpec, Record<string, unknown>>[] {
  const containers = rowsOf(rows, 'container');
  const ids = new Set(containers.map(({ spec }) => spec.id));
  const jobs = rows.filter(({ kind }) => kind === 'job') as Row<JobSpec>[];
  const runs = jobs.filter(({ spec: { container } }) => !ids.has(container.id));
  return [
    ...containers,
    ...runs.map((row) => ({
      ...row,
      kind: 'container' as const,
      spec: row.spec.container,
      facts: {},
    })),
  ];
}

/** The imperative resource of this name. @throws UserError if there is none */
export function imperativeRow<Kind extends Named>(
  rows: readonly Row[],
  kind: Kind,
  name: string,
  purpose: string,
): Row<Specs[Kind], Record<string, unknown>> {
  const found = rowsOf(rows, kind).filter((row) => row.name === name);
  const own = found.find(({ stack }) => stack === IMPERATIVE_STACK);
  if (own) return own;
  const [other] = found;
  if (other) {
    throw new UserError(
      `cannot ${purpose}: it belongs to stack ${other.stack}`,
      `Change the file of ${other.stack} and apply it.`,
    );
  }
  throw missing(kind, name, purpose);
}

/** The resource that `external` refers to: imperative, or of any stack. @throws UserError if it does not exist */
export function usableRow<Kind extends Named>(
  rows: readonly Row[],
  kind: Kind,
  name: string,
  purpose: string,
): Row<Specs[Kind], Record<string, unknown>> {
  const found = rowsOf(rows, kind).filter((row) => row.name === name);
  const row = found.find(({ stack }) => stack === IMPERATIVE_STACK) ?? found[0];
  if (row) return row;
  throw missing(kind, name, purpose);
}

/** As `usableRow`. @throws UserError also if the resource was never completed */
export function completeRow<Kind extends Named>(
  rows: readonly Row[],
  kind: Kind,
  name: string,
  purpose: string,
): Row<Specs[Kind], Record<string, unknown>> {
  const row = usableRow(rows, kind, name, purpose);
  if (!isNeverCreated(row)) return row;
  throw new UserError(
    `cannot ${purpose}: ${FAMILY[kind]} ${name} is unfinished: ${pendingReason(row)}`,
    `Create it again, or remove it: baleine ${FAMILY[kind]} rm ${name}`,
  );
}

/**
 * Refuses a name in use. A resource whose first creation failed does not count: the command can be repeated.
 *
 * @throws UserError if an imperative resource has the name
 */
export function refuseExisting(
  rows: readonly Row[],
  kind: KindName,
  name: string,
  purpose: string,
): void {
  const row = rows.find(
    (row) => row.kind === kind && row.stack === IMPERATIVE_STACK && row.name === name,
  );
  if (row && !isNeverCreated(row))
    throw new UserError(`cannot ${purpose}: there is one of that name already`);
}

/** @throws UserError for an invalid name, before it becomes an address */
export function namedAddress(kind: KindName, name: string, purpose: string): Address {
  if (isName(kind, name)) return addressOf(kind, name);
  throw new UserError(
    `cannot ${purpose}: ${JSON.stringify(name)} is no name`,
    `Names have lower-case letters, digits, "_" and "-", the first a letter or digit${kind === 'image' ? ', and may end with a tag, as app:1.2' : ''}.`,
  );
}

function missing(kind: Named, name: string, purpose: string): UserError {
  const family = FAMILY[kind];
  return new UserError(
    `cannot ${purpose}: there is no ${family} ${JSON.stringify(name)}`,
    `baleine ${family} list shows what there is.`,
  );
}

/** @throws UserError for the way out of a network, which changes and goes with it */
export function refuseWayOut({ spec }: Row<ContainerSpec>, purpose: string): void {
  if (!spec.egress) return;
  const network = spec.links[0]?.bridge;
  throw new UserError(
    `cannot ${purpose}: it is the way out of network ${network}`,
    `It goes with its network: baleine network rm ${network}`,
  );
}

export function oneOffError({ name, spec }: Row<ContainerSpec>, purpose: string): UserError {
  if (spec.run) {
    return new UserError(
      `cannot ${purpose}: it is run ${spec.run.number} of job ${name}`,
      `baleine stop ${name} ends it; baleine job run ${name} begins one.`,
    );
  }
  return new UserError(
    `cannot ${purpose}: it is a one-off container of baleine run, process ${spec.one_off?.pid}`,
    `It ends with its command, or by: baleine container stop ${name}`,
  );
}

/** @throws UserError that lists the users of a resource, if it has any */
export function refuseUsed(
  purpose: string,
  users: readonly { kind: string; stack: string; name: string }[],
): void {
  if (users.length === 0) return;
  const names = users.map(({ kind, stack, name }) => `${kind} ${name} of stack ${stack}`);
  const of = names.map((each) => each.replace(/ of stack -$/, ''));
  throw new UserError(`cannot ${purpose}: in use by ${of.join(', ')}`, 'Remove those first.');
}
