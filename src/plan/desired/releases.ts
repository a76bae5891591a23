import {
  hasSameRelease,
  releaseDigest,
  releaseOf,
  withRelease,
} from '../../kinds/container/release.js';
import { imageVersion } from '../../model/image-version.js';
import { type InstallPaths, imageFile, previousFile } from '../../model/install-paths.js';
import type { Instance } from '../../model/instance.js';
import type { Row } from '../../model/resource.js';
import type { ContainerSpec, ImageSpec, PinnedRelease, Release } from '../../model/specs.js';
import type { Context } from './context.js';

type ContainerRow = Row<ContainerSpec>;

/** A container as the file has it, with what it was before; or as it was, where it is held back. */
export type Releases = (instance: Instance, asked: ContainerSpec) => ContainerSpec;

/** Replicas and servers that the file has one entry for go back together. */
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
  return (instance, asked) => {
    const { pins, some } = groups.get(groupOf(instance)) ?? { pins: [] };
    const held = pinnedSpec(asked, pins, known, context.site);
    if (held) return held;
    const previous = previousOf(recorded.get(instance.name), some, asked);
    return previous ? { ...asked, previous } : asked;
  };
}

interface Group {
  pins: PinnedRelease[];
  /** One that runs. */
  some?: ContainerRow;
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
    if (row.status === 'ready') group.some ??= row;
  }
  return groups;
}

function recordedRows({ rows, config }: Context): Map<string, ContainerRow> {
  const own = rows.filter(({ kind, stack }) => kind === 'container' && stack === config.name);
  return new Map(own.map((row) => [row.name, row as ContainerRow]));
}

/** Images on record that the file names no more; what is held back may be made of one. */
function unnamed(images: ReadonlyMap<string, ImageSpec>, { rows, config }: Context): ImageSpec[] {
  const gone = rows.filter(
    ({ kind, stack, name }) => kind === 'image' && stack === config.name && !images.has(name),
  );
  return gone.map(({ spec }) => spec as ImageSpec);
}

/** Whoever spoke last is heard: once the file asks for something else it is not held any more. */
function pinnedSpec(
  asked: ContainerSpec,
  holds: readonly PinnedRelease[],
  images: readonly ImageSpec[],
  site: InstallPaths,
): ContainerSpec | undefined {
  if (holds.length === 0) return undefined;
  const digest = releaseDigest(releaseOf(asked));
  const held = holds.find((each) => each.asked === digest);
  const image = held && images.find((each) => isVersionOf(each, held.to, site));
  return held && image ? withPinnedRelease(asked, held, image, site) : undefined;
}

/** Undefined when the version that it ran on is there no more. */
export function withPinnedRelease(
  { previous: _previous, ...spec }: ContainerSpec,
  held: PinnedRelease,
  image: ImageSpec,
  site: InstallPaths,
): ContainerSpec | undefined {
  const { to } = held;
  const file = fileOf(image, to.image.version, site);
  if (file === undefined) return undefined;
  return { ...withRelease(spec, { ...to, image: { ...to.image, file } }), held };
}

/** Whether it is a version of this image. */
export function isVersionOf(
  { id }: ImageSpec,
  { image: { file } }: Release,
  site: InstallPaths,
): boolean {
  return file === imageFile(site, id) || file === previousFile(site, id);
}

function fileOf(image: ImageSpec, version: string, site: InstallPaths): string | undefined {
  if (imageVersion(image) === version) return imageFile(site, image.id);
  return image.previous === version ? previousFile(site, image.id) : undefined;
}

/** One whose last change did not come about, or that is only made, was before what the others are. */
function previousOf(
  row: ContainerRow | undefined,
  peer: ContainerRow | undefined,
  asked: ContainerSpec,
): Release | undefined {
  const one = row ?? peer;
  if (!one) return undefined;
  if (hasSameRelease(one.spec, asked)) return row?.spec.previous;
  const now = releaseOf(one.spec);
  return one.status === 'ready' ? now : (one.spec.previous ?? now);
}
