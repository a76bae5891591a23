import { digest, equal } from '../../model/json.js';
import { KEYS } from './keys/index.js';
import type { AnyKey, KeySpec, ReleasedAttribute } from './keys/types.js';

/** What a rollback restores of a container: everything except its place among others. */
export type Release = Pick<KeySpec, ReleasedAttribute> & {
  /** The port that a farm's proxy forwards requests to. */
  port?: number;
};

type Imaged = Pick<Release, 'image'>;

/** A spec that contains a release. The port is part of its rotation. */
type Released = Omit<Release, 'port'> & { rotation?: { port: number } };

/** The release that a rolled back container is pinned to. */
export interface PinnedRelease {
  /** Digest of the release that the file declared. The pin ends when that changes. */
  asked: string;
  /** The keys in which the file differs, for people. */
  differs: string[];
  to: Release;
}

/** The attributes of a release, and their keys in the file. */
const RELEASE_KEYS = Object.fromEntries([
  ...Object.entries<AnyKey>(KEYS)
    .filter(([, { release }]) => release)
    .map(([name, { as = name }]) => [as, name]),
  ['port', 'port'],
]) as Readonly<Record<keyof Release, string>>;

const NAMES = Object.keys(RELEASE_KEYS) as (keyof Release)[];

const UNCOMPARED = Object.entries<AnyKey>(KEYS)
  .filter(([, { change }]) => change === 'none')
  .map(([name, { as = name }]) => as);

const COMPARED = NAMES.filter((name) => !UNCOMPARED.includes(name));

export function releaseOf({ rotation, ...spec }: Released): Release {
  const all: Partial<Release> = rotation ? { ...spec, port: rotation.port } : spec;
  const present = NAMES.filter((name) => all[name] !== undefined);
  return Object.fromEntries(present.map((name) => [name, all[name]])) as unknown as Release;
}

/** The same container with another release. */
export function withRelease<Spec extends Released>(spec: Spec, release: Release): Spec {
  const { port, ...parts } = release;
  const rest = Object.entries(spec).filter(([name]) => !(name in RELEASE_KEYS));
  const { rotation } = spec;
  return {
    ...(Object.fromEntries(rest) as unknown as Spec),
    ...parts,
    ...(rotation && port !== undefined && { rotation: { ...rotation, port } }),
  };
}

/** The keys in which two releases differ. The path of an image does not count. */
export function releaseDifferences(one: Release, other: Release): string[] {
  const same = (name: keyof Release) =>
    name === 'image' ? sameImage(one, other) : equal(one[name], other[name]);
  return COMPARED.filter((name) => !same(name)).map((name) => RELEASE_KEYS[name]);
}

export function sameRelease(one: Release, other: Release): boolean {
  return releaseDifferences(one, other).length === 0;
}

/** Whether two containers have the same release. Called for each container in every plan. */
export function hasSameRelease(one: Released, other: Released): boolean {
  return (
    sameImage(one, other) &&
    one.rotation?.port === other.rotation?.port &&
    COMPARED_IN_SPEC.every((name) => equal(one[name], other[name]))
  );
}

const COMPARED_IN_SPEC = COMPARED.filter((name) => name !== 'image' && name !== 'port');

/** Identifies a release even after its image is renamed. */
export function releaseDigest(release: Release): string {
  const { image, entrypoint_length: _length, ...rest } = release;
  const { version } = image;
  return digest({ ...rest, version }, 16);
}

function sameImage({ image: one }: Imaged, { image: other }: Imaged): boolean {
  return one.name === other.name && one.version === other.version;
}
