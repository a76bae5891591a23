import { hostsName } from '../../kinds/recorded.js';
import { type Address, addressOf, type KindName } from '../../model/address.js';
import { imageVersion } from '../../model/image-version.js';
import { equal } from '../../model/json.js';
import type { Row } from '../../model/resource.js';
import type { ContainerSpec, ImageSpec, JobSpec } from '../../model/specs.js';

/** A pair of rows, before and after, for each row that changes. */
export type Renamed = [before: Row, after: Row][];

/**
 * Renames a resource in the state tables. Its name on the host does not change, and all rows that
 * refer to it are updated, so that a file with the same rename causes no change. Only containers
 * are named after themselves on the host too: the next plan replaces a renamed one.
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

type Rename = (rows: readonly Row[], from: string, to: string) => (row: Row) => unknown;

/** Updates references by name in the specs of other rows. */
const SPECS: Partial<Record<KindName, Rename>> = {
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
      const renameImage = <T extends Pick<ContainerSpec, 'image'>>(release: T): T => {
        const { name, version, file } = release.image;
        const now = { name: name === from ? to : name, version: versions.get(version) ?? version };
        return { ...release, image: { ...now, file } };
      };
      const { previous, held } = spec;
      return {
        ...renameImage(spec),
        ...(previous && { previous: renameImage(previous) }),
        ...(held && { held: { ...held, to: renameImage(held.to) } }),
      };
    });
    return (row) => specs.get(row) ?? containers(row);
  },
};

function forContainers(edit: (spec: ContainerSpec) => ContainerSpec): (row: Row) => unknown {
  return ({ kind, spec }) => {
    if (kind === 'job')
      return { ...(spec as JobSpec), container: edit((spec as JobSpec).container) };
    return kind === 'container' ? edit(spec as ContainerSpec) : spec;
  };
}

/**
 * An image built on the renamed one refers to it by name, which is part of its version, and so on
 * for images built on that. The files do not change.
 */
function imagesAfter(rows: readonly Row[], from: string, to: string) {
  const versions = new Map<string, string>();
  const specs = new Map<Row, ImageSpec>();
  const images = rows.filter(({ kind }) => kind === 'image');
  for (let known = -1; known < versions.size; ) {
    known = versions.size;
    for (const row of images) {
      const before = row.spec as ImageSpec;
      const after = renamedSpec(before, from, to, versions);
      specs.set(row, after);
      const [was, is] = [imageVersion(before), imageVersion(after)];
      if (was !== is) versions.set(was, is);
    }
  }
  return { specs, versions };
}

function renamedSpec(
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

/** Hosts resources are named after the bridges of their containers, and what else these see. */
function groupNames(rows: readonly Row[], from: string, to: string): Map<string, string> {
  const containers = rows.flatMap(({ kind, spec }) => {
    if (kind === 'job') return [(spec as JobSpec).container];
    return kind === 'container' ? [spec as ContainerSpec] : [];
  });
  return new Map(
    containers.flatMap(({ links, extra_hosts }): [string, string][] => {
      const before = links.map(({ bridge }) => bridge);
      if (!before.includes(from)) return [];
      const after = before.map((each) => (each === from ? to : each));
      return [[hostsName(before, extra_hosts), hostsName(after, extra_hosts)]];
    }),
  );
}
