import { imageVersion } from '../model/image-version.js';
import { aliasPrefix, type InstallPaths } from '../model/install-paths.js';
import { digest } from '../model/json.js';
import type { Row } from '../model/resource.js';
import type { BridgeSpec, ContainerFacts, ContainerSpec, ImageSpec } from '../model/specs.js';

/**
 * The rows of an installation as they are to be at another place, or on another host: paths follow
 * the root, interfaces get names and marks of their own, and what only the old host knew of a
 * container is forgotten, so that nothing is taken for its own that is not.
 *
 * @param from as the rows have it
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

/** New ones for all that the rows name: a bridge that was imported is the old host's. */
function linkNames(rows: readonly Row[], to: InstallPaths): Map<string, string> {
  const names = new Map<string, string>();
  const add = (prefix: string, link: string) =>
    names.set(link, `${prefix}-${digest([to.tag, 'adopted', link], 10)}`);
  for (const { kind, spec } of rows) {
    if (kind === 'bridge') add('bb', (spec as BridgeSpec).link);
    if (kind !== 'container') continue;
    for (const { link, bridge_link } of (spec as ContainerSpec).links) {
      add('bv', link);
      add('bb', bridge_link);
    }
  }
  return names;
}

/** A path that is below the new root already has been moved before. */
function pathMover(from: InstallPaths, to: InstallPaths): (text: string) => string {
  const pairs = [[from.root, to.root] as const, [from.run, to.run] as const];
  const isBelow = (text: string, dir: string) => text === dir || text.startsWith(`${dir}/`);
  return (text) => {
    if (pairs.some(([, after]) => isBelow(text, after))) return text;
    const pair = pairs.find(([before]) => isBelow(text, before));
    return pair ? pair[1] + text.slice(pair[0].length) : text;
  };
}

/** The path of a base counts in the version of what is made from it; the files stay the same. */
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
