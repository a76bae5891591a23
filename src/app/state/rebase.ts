import { imageVersion } from '../../model/image-version.js';
import { aliasPrefix, type InstallPaths } from '../../model/install-paths.js';
import { digest } from '../../model/json.js';
import type { Row } from '../../model/resource.js';
import type {
  BridgeSpec,
  ContainerFacts,
  ContainerSpec,
  ImageSpec,
  JobSpec,
} from '../../model/specs.js';

/**
 * Rewrites the rows of an installation for another root or host: paths follow the root, interfaces
 * get new names and marks, and facts that only the old host knew are dropped, so that nothing on
 * the new host is mistaken for ours.
 *
 * @param from the paths in the rows
 */
export function rebaseRows(rows: readonly Row[], from: InstallPaths, to: InstallPaths): Row[] {
  const names = from.tag === to.tag ? new Map<string, string>() : linkNames(rows, to);
  const move = pathMover(from, to);
  const rename = (text: string) => {
    const name = names.get(text);
    if (name !== undefined) return name;
    const prefix = aliasPrefix(from);
    return text.startsWith(prefix) ? aliasPrefix(to) + text.slice(prefix.length) : move(text);
  };
  for (const [before, after] of versionsAfter(rows, rename)) names.set(before, after);
  return rows.map((row) => ({
    ...row,
    spec: mapTexts(row.spec, rename),
    facts: factsAfter(row, rename),
  }));
}

/** New names for all links in the rows, because an imported bridge belongs to the old host. */
function linkNames(rows: readonly Row[], to: InstallPaths): Map<string, string> {
  const names = new Map<string, string>();
  const add = (prefix: string, link: string) =>
    names.set(link, `${prefix}-${digest([to.tag, 'adopted', link], 10)}`);
  for (const { kind, spec } of rows) {
    if (kind === 'bridge') add('bb', (spec as BridgeSpec).link);
    if (kind !== 'container' && kind !== 'job') continue;
    const { links } = kind === 'job' ? (spec as JobSpec).container : (spec as ContainerSpec);
    for (const { link, bridge_link } of links) {
      add('bv', link);
      add('bb', bridge_link);
    }
  }
  return names;
}

/** A path below the new root has already been moved. */
function pathMover(from: InstallPaths, to: InstallPaths): (text: string) => string {
  const pairs = [[from.root, to.root] as const, [from.run, to.run] as const];
  const isBelow = (text: string, dir: string) => text === dir || text.startsWith(`${dir}/`);
  return (text) => {
    if (pairs.some(([, after]) => isBelow(text, after))) return text;
    const pair = pairs.find(([before]) => isBelow(text, before));
    return pair ? pair[1] + text.slice(pair[0].length) : text;
  };
}

/** The path of a base is part of the version of images built on it; the files do not change. */
function versionsAfter(rows: readonly Row[], rename: (text: string) => string) {
  const versions = new Map<string, string>();
  const follow = (text: string) => versions.get(text) ?? rename(text);
  const images = rows.filter(({ kind }) => kind === 'image').map(({ spec }) => spec as ImageSpec);
  for (let known = -1; known < versions.size; ) {
    known = versions.size;
    for (const image of images) {
      const [before, after] = [imageVersion(image), imageVersion(mapTexts(image, follow))];
      if (before !== after) versions.set(before, after);
    }
  }
  return versions;
}

function factsAfter({ kind, facts }: Row, rename: (text: string) => string): unknown {
  if (kind !== 'container') return mapTexts(facts, rename);
  const { halted } = (facts ?? {}) as ContainerFacts;
  return halted === undefined ? {} : { halted };
}

function mapTexts<T>(value: T, change: (text: string) => string): T {
  if (typeof value === 'string') return change(value) as T;
  if (Array.isArray(value)) return value.map((each) => mapTexts(each, change)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, each]) => [key, mapTexts(each, change)]);
  return Object.fromEntries(entries) as T;
}
