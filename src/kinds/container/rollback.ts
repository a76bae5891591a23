import { type Address, addressOf } from '../../model/address.js';
import { UserError } from '../../model/errors.js';
import type { InstallPaths } from '../../model/install-paths.js';
import { type Resource, type Row, resourceFromRow } from '../../model/resource.js';
import type {
  ContainerSpec,
  ImageFacts,
  ImageSpec,
  PinnedRelease,
  Release,
} from '../../model/specs.js';
import { isVersionOf, withPinnedRelease } from './desired/releases.js';
import { releaseDifferences, releaseDigest, releaseOf, sameRelease } from './release.js';

type ContainerRow = Row<ContainerSpec>;
type ContainerResource = Resource<ContainerSpec>;

/**
 * The desired state for a rollback: the service at its previous release, everything else as
 * recorded.
 */
export interface Rollback {
  resources: Resource[];
  targets: Address[];
}

/**
 * The instances of a service, or of the service that a container belongs to.
 *
 * @throws UserError if there is none
 */
export function serviceInstances(
  name: string,
  resources: readonly Resource[],
  stack: string,
): ContainerResource[] {
  const containers = resources.filter(({ kind }) => kind === 'container') as ContainerResource[];
  const own = containers.find((each) => each.name === name)?.group ?? '';
  for (const group of [`farms.${name}`, `containers.${name}`, own]) {
    const members = containers.filter((each) => each.group === group);
    if (members.length > 0) return members;
  }
  const names = new Set(containers.map(({ group = '' }) => group.replace(/^\w+\./, '')));
  const hint = names.size > 0 ? `It has: ${[...names].join(', ')}` : undefined;
  throw rollbackError(name, `no farm or container of that name in stack ${stack}`, hint);
}

/**
 * Pins the instances to their previous release: the one before their last change or, if that change
 * did not reach all of them, the one that the others still have.
 *
 * @param members as declared in the file
 * @throws UserError if there is nothing to roll back to
 */
export function pinPreviousRelease(
  name: string,
  members: readonly ContainerResource[],
  rows: readonly Row[],
): PinnedRelease {
  const own = rowsOf(members, rows);
  if (own.length === 0) throw rollbackError(name, 'it does not exist yet');
  if (members.some(({ spec }) => spec.held)) {
    const hint = `To return to the release of the file: baleine rollback --undo ${name}`;
    throw rollbackError(name, 'it is already rolled back', hint);
  }
  const declared = releaseOf((members[0] as ContainerResource).spec);
  const to = targetOf(own, declared);
  if (!to) throw rollbackError(name, 'it has not changed since it was created');
  return { asked: releaseDigest(declared), differs: releaseDifferences(declared, to), to };
}

function targetOf(rows: readonly ContainerRow[], declared: Release): Release | undefined {
  const before = rows
    .flatMap(({ spec }) => spec.previous ?? [])
    .filter((each) => !sameRelease(each, declared));
  const now = rows.map(({ spec }) => releaseOf(spec));
  const remaining = before.find((each) => now.some((other) => sameRelease(each, other)));
  return remaining ?? before[0];
}

/**
 * @param members including spares
 * @param rows of all stacks
 * @throws UserError if that version of the image no longer exists
 */
export function rollbackResources(
  name: string,
  held: PinnedRelease,
  members: readonly ContainerResource[],
  { stack, rows, paths }: { stack: string; rows: readonly Row[]; paths: InstallPaths },
): Rollback {
  const image = imageOf(held, rows, paths);
  const own = rows.filter((row) => row.stack === stack);
  const recorded = new Map(rowsOf(members, own).map((row) => [row.name, row]));
  const back = members.flatMap((member): ContainerResource[] => {
    const row = recorded.get(member.name);
    if (!row && !member.spare) return [];
    const spec = image && withPinnedRelease(row?.spec ?? member.spec, held, image, paths);
    if (!spec)
      throw rollbackError(name, `image ${held.to.image.name} at that version no longer exists`);
    const as = row ? { ...member, ...resourceFromRow(row), spec } : { ...member, spec };
    return [{ ...as, ...pausingOnFailure(member) }];
  });
  const rest = own.filter(({ kind, name }) => kind !== 'container' || !recorded.has(name));
  const targets = [...recorded.keys()].map((each) => addressOf('container', each));
  return { resources: [...rest.map(resourceFromRow), ...back], targets };
}

/** A rollback is not itself rolled back on failure. */
function pausingOnFailure({ rolling }: ContainerResource): Pick<Resource, 'rolling'> {
  return rolling ? { rolling: { ...rolling, failure_action: 'pause' } } : {};
}

/** The recorded image, not the one declared in the file. */
function imageOf(
  { to }: PinnedRelease,
  rows: readonly Row[],
  paths: InstallPaths,
): ImageSpec | undefined {
  const row = rows.find(
    ({ kind, spec }) => kind === 'image' && isVersionOf(spec as ImageSpec, to, paths),
  );
  if (!row) return undefined;
  const { previous, ...spec } = row.spec as ImageSpec;
  const { kept } = row.facts as ImageFacts;
  return previous !== undefined && kept === previous ? { ...spec, previous } : spec;
}

function rowsOf(members: readonly ContainerResource[], rows: readonly Row[]): ContainerRow[] {
  const names = new Set(members.map(({ name }) => name));
  return rows.filter(({ kind, name }) => kind === 'container' && names.has(name)) as ContainerRow[];
}

export function rollbackError(name: string, cause: string, hint?: string): UserError {
  return new UserError(`cannot roll back ${name}: ${cause}`, hint);
}
