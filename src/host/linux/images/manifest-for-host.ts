import { UserError } from '../../../model/errors.js';
import type { ModulePlatform } from '../../../model/image-values.js';
import { parseForeign, shownNames } from './foreign-json.js';
import { type Descriptor, type IndexEntry, isObject, readIndex, readManifest } from './manifest.js';
import {
  ARCHITECTURE,
  isDescribed,
  MODULE_RANK,
  type Platform,
  platformName,
  rankOf,
} from './platform.js';

/** Reads the text of a manifest, an index or a configuration. */
export type ReadBlob = (blob: Descriptor) => Promise<string>;

/** An image's manifest and its digest. */
export interface FoundManifest {
  digest: string;
  text: string;
}

/** Maximum number of images and indexes opened in one search, and of nested indexes. */
const MAX_OPENED = 100;
const MAX_NESTED = 5;

/**
 * Finds the manifest of the image for this host in an index, including nested indexes. Entries
 * without a platform are decided by their configuration. Skips attestations, signatures and other
 * artifacts.
 *
 * @param wanted the platform in place of this host's
 * @param nameOf for indexes whose entries are different images; without it, an index is one image
 *   for several platforms, and the first of equal matches is used
 * @throws UserError if no image fits this host, with the existing platforms; or if several do
 */
export async function manifestForHost(
  entries: readonly IndexEntry[],
  read: ReadBlob,
  what: string,
  {
    nameOf,
    wanted,
  }: { nameOf?: (entry: IndexEntry) => string | undefined; wanted?: ModulePlatform } = {},
): Promise<FoundManifest> {
  const search = new Search(read, what, wanted);
  const found = await search.fitting(entries);
  const distinct = found.filter(
    ({ digest }, at) => found.findIndex((f) => f.digest === digest) === at,
  );
  const native = distinct.filter(({ rank }) => rank < MODULE_RANK);
  const unique = native.length > 0 ? native : distinct;
  const best = Math.min(...unique.map(({ rank }) => rank));
  const names = new Set(unique.map(({ entry }) => nameOf?.(entry)));
  const left = names.size > 1 ? unique : unique.filter(({ rank }) => rank === best);
  const [first] = left;
  if (!first) throw search.nothing();
  if (nameOf && left.length > 1) {
    const all = left.map(({ entry }) => nameOf(entry) ?? entry.digest);
    throw new UserError(
      `cannot use ${what}: there is more than one image for ${HOST} in it`,
      `There is ${shownNames(all)}; say which one by \`reference\`.`,
    );
  }
  return { digest: first.digest, text: await search.textOf(first) };
}

const HOST = `linux/${ARCHITECTURE}`;

interface Candidate {
  /** Of the index that was searched. */
  entry: IndexEntry;
  manifest: Descriptor;
  digest: string;
  rank: number;
}

/** An entry with its context. */
interface Location {
  rank: number;
  /** Its platform need not be read from its configuration. */
  described: boolean;
  /** It is the only entry: use it whatever its platform. */
  isAlone: boolean;
  /** The enclosing indexes' description. */
  depth: number;
}

class Search {
  readonly #seen = new Set<string>();
  #opened = 0;
  /** Only one text is kept, since the texts are untrusted. */
  #last: FoundManifest | undefined;

  constructor(
    readonly read: ReadBlob,
    readonly what: string,
    readonly wanted?: ModulePlatform,
  ) {}

  nothing(): UserError {
    const seen = [...this.#seen];
    const host = this.wanted ?? HOST;
    const there = seen.length > 0 ? `there is ${shownNames(seen)}` : 'there is no image in it';
    return new UserError(
      `cannot use ${this.what}: it has none for ${host}; ${there}`,
      seen.length > 0
        ? `Get it for ${host}, for example with docker pull --platform ${host}.`
        : undefined,
    );
  }

  async textOf({ digest, manifest }: Candidate): Promise<string> {
    return this.#last?.digest === digest ? this.#last.text : this.read(manifest);
  }

  async fitting(entries: readonly IndexEntry[], depth = 0, isOnly = true): Promise<Candidate[]> {
    const images = entries.filter(mayBeImage);
    const isAlone = isOnly && images.length === 1;
    const found: Candidate[] = [];
    for (const entry of images) {
      const described = isDescribed(entry.platform);
      if (described) this.#seen.add(platformName(entry.platform as Platform));
      const rank = rankOf(entry.platform, this.wanted);
      if (rank === undefined) continue;
      found.push(...(await this.#open(entry, { rank, described, isAlone, depth })));
    }
    return found;
  }

  async #open(entry: IndexEntry, at: Location): Promise<Candidate[]> {
    const { rank, described, isAlone, depth } = at;
    this.#opened += 1;
    if (this.#opened > MAX_OPENED) {
      throw new UserError(
        `cannot use ${this.what}: there are more than ${MAX_OPENED} images in it`,
        'Say which one by `reference`.',
      );
    }
    const text = await this.read(entry);
    const nested = readIndex(text, this.what);
    if (nested) {
      if (depth === MAX_NESTED) {
        throw new UserError(`cannot use ${this.what}: it has indexes in indexes in indexes`);
      }
      const below = await this.fitting(nested, depth + 1, isAlone);
      const best = Math.min(...below.map((each) => each.rank));
      return below
        .filter((each) => each.rank === best)
        .slice(0, 1)
        .map((each) => ({ ...each, entry }));
    }
    this.#last = { digest: entry.digest, text };
    const fitting = { entry, manifest: entry, digest: entry.digest };
    if (described || isAlone) return [{ ...fitting, rank }];
    const platform = await this.#platformOf(text);
    if (!platform) return [];
    this.#seen.add(platformName(platform));
    const own = rankOf(platform, this.wanted);
    return own === undefined ? [] : [{ ...fitting, rank: own }];
  }

  /** Platform from the configuration; undefined if the entry is not an image. */
  async #platformOf(manifest: string): Promise<Platform | undefined> {
    const { config } = readManifest(manifest, this.what);
    if (!isImageConfig(config)) return undefined;
    const value = parseForeign(await this.read(config), 'config', this.what);
    return isObject(value) ? value : undefined;
  }
}

/** Decided by the entry's description. An entry without one may be an image. */
function mayBeImage({ mediaType, platform, annotations, ...rest }: IndexEntry): boolean {
  if (typeof annotations?.['vnd.docker.reference.type'] === 'string') return false;
  if ('artifactType' in rest && typeof rest.artifactType === 'string') return false;
  if (platform?.os === 'unknown' || platform?.architecture === 'unknown') return false;
  return (
    typeof mediaType !== 'string' || !/^application\//.test(mediaType) || KNOWN.test(mediaType)
  );
}

/** Image manifests, and lists of them. */
const KNOWN = /^application\/vnd\.(oci\.image\.(manifest|index)|docker\.distribution\.manifest)\./;

const isImageConfig = ({ mediaType }: Descriptor) =>
  typeof mediaType !== 'string' ||
  !/^application\//.test(mediaType) ||
  /^application\/vnd\.(oci\.image\.config|docker\.container\.image)\./.test(mediaType);
