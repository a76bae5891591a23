import { type Address, addressOf } from '../model/address.js';
import { UserError } from '../model/errors.js';
import type { InstallPaths } from '../model/install-paths.js';
import { releaseDifferences, releaseDigest, releaseOf, sameRelease } from '../model/release.js';
import { type Resource, type Row, resourceFromRow } from '../model/resource.js';
import type {
  ContainerSpec,
  ImageFacts,
  ImageSpec,
  PinnedRelease,
  Release,
} from '../model/specs.js';
import { isVersionOf, withPinnedRelease } from './desired/releases.js';

type ContainerRow = Row<ContainerSpec>;
type ContainerResource = Resource<ContainerSpec>;

/** What the rolled back entry of the file is to be, and nothing else but as it is on record. */
export interface Rollback {
  resources: Resource[];
  targets: Address[];
}

/**
 * The containers of a farm or of an entry of that name, or all that one of that name goes back
 * together with. @throws UserError when there is none
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
  const hint = names.size > 0 ? `There is: ${[...names].join(', ')}` : undefined;
  throw rollbackError(name, `no farm or container of that name in stack ${stack}`, hint);
}

/**
 * To what the members go back: what they were before their last change, or, where that did not come
 * about for all of them, what those are that it has not reached.
 *
 * @param members as the file asks for them
 * @throws UserError when there is nothing to go back to
 */
export function pinPreviousRelease(
  name: string,
  members: readonly ContainerResource[],
  rows: readonly Row[],
): PinnedRelease {
  const own = rowsOf(members, rows);
  if (own.length === 0) throw rollbackError(name, 'it is not there yet');
  if (members.some(({ spec }) => spec.held)) {
    const hint = `To have what the file asks for again: baleine rollback --undo ${name}`;
    throw rollbackError(name, 'it is rolled back already', hint);
  }
  const asked = releaseOf((members[0] as ContainerResource).spec);
  const to = targetOf(own, asked);
  if (!to) throw rollbackError(name, 'it was not changed since it was made');
  return { asked: releaseDigest(asked), differs: releaseDifferences(asked, to), to };
}

function targetOf(rows: readonly ContainerRow[], asked: Release): Release | undefined {
  const before = rows
    .flatMap(({ spec }) => spec.previous ?? [])
    .filter((each) => !sameRelease(each, asked));
  const now = rows.map(({ spec }) => releaseOf(spec));
  const unreached = before.find((each) => now.some((other) => sameRelease(each, other)));
  return unreached ?? before[0];
}

/**
 * @param members with those that stand in while others are replaced
 * @param rows of all stacks
 * @throws UserError when the version of the image is there no more
 */
export function rollbackResources(
  name: string,
  held: PinnedRelease,
  members: readonly ContainerResource[],
  { stack, rows, site }: { stack: string; rows: readonly Row[]; site: InstallPaths },
): Rollback {
  const image = imageOf(held, rows, site);
  const own = rows.filter((row) => row.stack === stack);
  const recorded = new Map(rowsOf(members, own).map((row) => [row.name, row]));
  const back = members.flatMap((member): ContainerResource[] => {
    const row = recorded.get(member.name);
    if (!row && !member.spare) return [];
    const spec = image && withPinnedRelease(row?.spec ?? member.spec, held, image, site);
    if (!spec) throw rollbackError(name, `image ${held.to.image.name} as it was is there no more`);
    const as = row ? { ...member, ...resourceFromRow(row), spec } : { ...member, spec };
    return [{ ...as, ...pausingOnFailure(member) }];
  });
  const rest = own.filter(({ kind, name }) => kind !== 'container' || !recorded.has(name));
  const targets = [...recorded.keys()].map((each) => addressOf('container', each));
  return { resources: [...rest.map(resourceFromRow), ...back], targets };
}

/** What goes back cannot be rolled back in turn. */
function pausingOnFailure({ rolling }: ContainerResource): Pick<Resource, 'rolling'> {
  return rolling ? { rolling: { ...rolling, failure_action: 'pause' } } : {};
}

/** As it is on record, not as the file would have it. */
function imageOf(
  { to }: PinnedRelease,
  rows: readonly Row[],
  site: InstallPaths,
): ImageSpec | undefined {
  const row = rows.find(
    ({ kind, spec }) => kind === 'image' && isVersionOf(spec as ImageSpec, to, site),
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
