import { imageVersion } from '../../../model/image-version.js';
import { type InstallPaths, imageFile, previousFile } from '../../../model/install-paths.js';
import type { Instance } from '../../../model/instance.js';
import type { Row } from '../../../model/resource.js';
import type { ContainerSpec, ImageSpec, PinnedRelease, Release } from '../../../model/specs.js';
import type { Context } from '../../desired-context.js';
import { hasSameRelease, releaseDigest, releaseOf, withRelease } from '../release.js';

type ContainerRow = Row<ContainerSpec>;

/**
 * Adds the release to a declared container: its previous one for a later rollback, or the one it is
 * pinned to.
 */
export type Releases = (instance: Instance, declared: ContainerSpec) => ContainerSpec;

/** The service of an instance: all instances of a service are rolled back together. */
export function groupOf({ service, serves }: Instance): string {
  return serves ? `farms.${serves.farm}` : `containers.${service}`;
}

export function releases(
  instances: readonly Instance[],
  images: ReadonlyMap<string, ImageSpec>,
  context: Context,
): Releases {
  const recorded = recordedRows(context);
  const known = [...images.values(), ...unnamed(images, context)];
  const groups = groupsOf(instances, recorded);
  return (instance, declared) => {
    const { pins, applied } = groups.get(groupOf(instance)) ?? { pins: [] };
    const held = pinnedSpec(declared, pins, known, context.paths);
    if (held) return held;
    const previous = previousOf(recorded.get(instance.name), applied, declared);
    return previous ? { ...declared, previous } : declared;
  };
}

interface Group {
  pins: PinnedRelease[];
  /** An instance that was applied successfully. */
  applied?: ContainerRow;
}

function groupsOf(
  instances: readonly Instance[],
  recorded: ReadonlyMap<string, ContainerRow>,
): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const instance of instances) {
    const row = recorded.get(instance.name);
    if (!row) continue;
    const group = groups.get(groupOf(instance)) ?? { pins: [] };
    groups.set(groupOf(instance), group);
    if (row.spec.held) group.pins.push(row.spec.held);
    if (row.status === 'ready') group.applied ??= row;
  }
  return groups;
}

function recordedRows({ rows, config }: Context): Map<string, ContainerRow> {
  const own = rows.filter(({ kind, stack }) => kind === 'container' && stack === config.name);
  return new Map(own.map((row) => [row.name, row as ContainerRow]));
}

/** Recorded images that the file no longer declares; pinned containers may use them. */
function unnamed(images: ReadonlyMap<string, ImageSpec>, { rows, config }: Context): ImageSpec[] {
  const gone = rows.filter(
    ({ kind, stack, name }) => kind === 'image' && stack === config.name && !images.has(name),
  );
  return gone.map(({ spec }) => spec as ImageSpec);
}

/** The pin ends when the file declares another release. */
function pinnedSpec(
  declared: ContainerSpec,
  pins: readonly PinnedRelease[],
  images: readonly ImageSpec[],
  paths: InstallPaths,
): ContainerSpec | undefined {
  if (pins.length === 0) return undefined;
  const digest = releaseDigest(releaseOf(declared));
  const held = pins.find((each) => each.asked === digest);
  const image = held && images.find((each) => isVersionOf(each, held.to, paths));
  return held && image ? withPinnedRelease(declared, held, image, paths) : undefined;
}

/** Undefined if the version it ran on no longer exists. */
export function withPinnedRelease(
  { previous: _previous, ...spec }: ContainerSpec,
  held: PinnedRelease,
  image: ImageSpec,
  paths: InstallPaths,
): ContainerSpec | undefined {
  const { to } = held;
  const file = fileOf(image, to.image.version, paths);
  if (file === undefined) return undefined;
  return { ...withRelease(spec, { ...to, image: { ...to.image, file } }), held };
}

/** Whether a release uses a version of this image. */
export function isVersionOf(
  { id }: ImageSpec,
  { image: { file } }: Release,
  paths: InstallPaths,
): boolean {
  return file === imageFile(paths, id) || file === previousFile(paths, id);
}

function fileOf(image: ImageSpec, version: string, paths: InstallPaths): string | undefined {
  if (imageVersion(image) === version) return imageFile(paths, image.id);
  return image.previous === version ? previousFile(paths, image.id) : undefined;
}

/**
 * A new instance gets the release of a peer. One whose last change failed keeps its own previous
 * one.
 */
function previousOf(
  row: ContainerRow | undefined,
  peer: ContainerRow | undefined,
  declared: ContainerSpec,
): Release | undefined {
  const one = row ?? peer;
  if (!one) return undefined;
  if (hasSameRelease(one.spec, declared)) return row?.spec.previous;
  const now = releaseOf(one.spec);
  return one.status === 'ready' ? now : (one.spec.previous ?? now);
}
