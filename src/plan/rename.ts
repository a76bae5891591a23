import { type Address, addressOf, type KindName } from '../model/address.js';
import { imageVersion } from '../model/image-version.js';
import { equal } from '../model/json.js';
import type { Row } from '../model/resource.js';
import type { ContainerSpec, ImageSpec } from '../model/specs.js';
import { hostsName } from './desired/hosts.js';

/** The rows of one stack before and after, a pair for each that changes. */
export type Renamed = [before: Row, after: Row][];

/**
 * Gives a resource another name on record. What it is on the host stays as it is called there, and
 * every row that speaks of it follows, so that a file which does the same asks for no change. Only
 * a container is called by its name on the host too: the next plan replaces it.
 */
export function rename(rows: readonly Row[], kind: KindName, from: string, to: string): Renamed {
  const specs = SPECS[kind]?.(rows, from, to) ?? ((row: Row) => row.spec);
  const groups = kind === 'bridge' ? groupNames(rows, from, to) : new Map<string, string>();
  const names = new Map<Address, string>([
    [addressOf(kind, from), to],
    ...[...groups].map(([was, is]): [Address, string] => [addressOf('hosts', was), is]),
  ]);
  const readdress = (address: Address): Address => {
    const name = names.get(address);
    return name === undefined ? address : addressOf(address.split('.')[0] as KindName, name);
  };
  return rows.flatMap((row): Renamed => {
    const name = names.get(addressOf(row.kind, row.name)) ?? row.name;
    const after = { ...row, name, needs: row.needs.map(readdress), spec: specs(row) };
    return equal(after, row) ? [] : [[row, after]];
  });
}

type Respell = (rows: readonly Row[], from: string, to: string) => (row: Row) => unknown;

/** What specs say of others by name. */
const SPECS: Partial<Record<KindName, Respell>> = {
  bridge: (_rows, from, to) =>
    forContainers((spec) => ({
      ...spec,
      links: spec.links.map((link) => (link.bridge === from ? { ...link, bridge: to } : link)),
    })),
  container: (_rows, from, to) =>
    forContainers((spec) =>
      spec.depends_on
        ? {
            ...spec,
            depends_on: spec.depends_on.map((each) =>
              each.name === from ? { ...each, name: to } : each,
            ),
          }
        : spec,
    ),
  image: (rows, from, to) => {
    const { specs, versions } = imagesAfter(rows, from, to);
    const containers = forContainers((spec) => {
      const respell = <T extends Pick<ContainerSpec, 'image'>>(release: T): T => {
        const { name, version, file } = release.image;
        const now = { name: name === from ? to : name, version: versions.get(version) ?? version };
        return { ...release, image: { ...now, file } };
      };
      const { previous, held } = spec;
      return {
        ...respell(spec),
        ...(previous && { previous: respell(previous) }),
        ...(held && { held: { ...held, to: respell(held.to) } }),
      };
    });
    return (row) => specs.get(row) ?? containers(row);
  },
};

function forContainers(edit: (spec: ContainerSpec) => ContainerSpec): (row: Row) => unknown {
  return ({ kind, spec }) => (kind === 'container' ? edit(spec as ContainerSpec) : spec);
}

/**
 * An image made from the renamed one says so by its name, which counts in its version, and that in
 * the version of what is made from it in turn. The files are the same all the time.
 */
function imagesAfter(rows: readonly Row[], from: string, to: string) {
  const versions = new Map<string, string>();
  const specs = new Map<Row, ImageSpec>();
  const images = rows.filter(({ kind }) => kind === 'image');
  for (let known = -1; known < versions.size; ) {
    known = versions.size;
    for (const row of images) {
      const before = row.spec as ImageSpec;
      const after = respelled(before, from, to, versions);
      specs.set(row, after);
      const [was, is] = [imageVersion(before), imageVersion(after)];
      if (was !== is) versions.set(was, is);
    }
  }
  return { specs, versions };
}

function respelled(
  { from: source, base, ...spec }: ImageSpec,
  from: string,
  to: string,
  versions: ReadonlyMap<string, string>,
): ImageSpec {
  const renamed = 'image' in source && source.image === from ? { image: to } : source;
  if (!base) return { ...spec, from: renamed };
  return {
    ...spec,
    from: renamed,
    base: { ...base, version: versions.get(base.version) ?? base.version },
  };
}

/** Groups of containers that see the same names are called by their bridges. */
function groupNames(rows: readonly Row[], from: string, to: string): Map<string, string> {
  const sets = rows.flatMap(({ kind, spec }) =>
    kind === 'container' ? [(spec as ContainerSpec).links.map(({ bridge }) => bridge)] : [],
  );
  return new Map(
    sets
      .filter((set) => set.includes(from))
      .map((set) => [hostsName(set), hostsName(set.map((each) => (each === from ? to : each)))]),
  );
}
