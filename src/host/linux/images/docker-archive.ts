import { UserError } from '../../../model/errors.js';
import { digest } from '../../../model/json.js';
import { type Blobs, textOf } from './blobs.js';
import { readConfig } from './config.js';
import { openLegacy } from './docker-legacy.js';
import { parseForeign } from './foreign-json.js';
import { type OpenedImage, pairLayers, pickImage, storedBytes } from './opened.js';

interface Saved {
  Config: string;
  RepoTags: string[];
  Layers: string[];
}

/**
 * Reads the output of `docker save`: manifest.json refers to configurations and layers by their
 * names in the archive (Docker's image specification, version 1.2, "Combined Image JSON +
 * Filesystem Changeset Format"). Only the configuration has the expected digest of a layer.
 * Archives from before Docker 1.10 have only `repositories`.
 */
export async function openDocker(
  blobs: Blobs,
  reference: string | undefined,
  what: string,
): Promise<OpenedImage> {
  const wanted = reference === undefined ? undefined : fullName(reference);
  if (blobs.size('manifest.json') === undefined && blobs.size('repositories') !== undefined) {
    return openLegacy(blobs, wanted, what);
  }
  const all = manifestIn(await textOf(blobs, 'manifest.json', what), what);
  const { Config, Layers } = pickImage(distinct(all), namesOf, wanted, what);
  const text = await textOf(blobs, Config, what);
  const foreign = readConfig(text, what);
  const layers = pairLayers(Layers, foreign, what).map(([name, content]) => ({
    open: () => blobs.open(name),
    bytes: storedBytes(blobs, name, what),
    compressed: /\.(t?gz|zst|bz2|xz)$/.test(name),
    content,
  }));
  return { image: `sha256:${digest(text)}`, foreign, layers };
}

/** Tags, followed by the image ID, which is the name of the configuration. */
function namesOf({ RepoTags, Config }: Saved): string[] {
  const [id] = /[0-9a-f]{64}/.exec(Config) ?? [];
  return [...RepoTags.map(fullName), ...(id === undefined ? [] : [`sha256:${id}`])];
}

/** Removes duplicates. */
function distinct(all: readonly Saved[]): Saved[] {
  const byConfig = new Map<string, Saved>();
  for (const each of all) {
    const before = byConfig.get(each.Config);
    const RepoTags = [...(before?.RepoTags ?? []), ...each.RepoTags];
    byConfig.set(each.Config, { ...each, RepoTags });
  }
  return [...byConfig.values()];
}

function manifestIn(text: string, what: string): Saved[] {
  const all = parseForeign(text, 'manifest.json', what);
  try {
    return (all as Partial<Saved>[]).map(({ Config, RepoTags, Layers }) => {
      const [[config], layers, tags] = [texts([Config]), texts(Layers), texts(RepoTags)];
      return { Config: config as string, Layers: layers, RepoTags: tags };
    });
  } catch {
    throw new UserError(`cannot use ${what}: its manifest.json is not a list of images`);
  }
}

/** Go writes null for an empty list. */
function texts(value: unknown): string[] {
  const list = value ?? [];
  if (Array.isArray(list) && list.every((each) => typeof each === 'string')) return list;
  throw new Error('not a list of texts');
}

/** Docker's short names: `docker.io/library/nginx:latest` is `nginx`. */
function fullName(name: string): string {
  const short = name.replace(/^(docker\.io|index\.docker\.io)\//, '').replace(/^library\//, '');
  return /[:@][^/]*$/.test(short) ? short : `${short}:latest`;
}
