import { UserError } from '../../../model/errors.js';
import { digest } from '../../../model/json.js';
import { type Blobs, textOf } from './blobs.js';
import { readConfig } from './config.js';
import { type OpenedImage, pairUp, pick, storedBytes } from './opened.js';

interface Saved {
  Config: string;
  RepoTags: string[];
  Layers: string[];
}

/**
 * Reads what `docker save` writes: manifest.json leads to configs and layers by their names in the
 * archive (Docker's image specification, version 1.2, "Combined Image JSON + Filesystem Changeset
 * Format"). Only the config says what a layer has to be.
 */
export async function openDocker(
  blobs: Blobs,
  reference: string | undefined,
  what: string,
): Promise<OpenedImage> {
  const all = manifestIn(await textOf(blobs, 'manifest.json', what), what);
  const wanted = reference === undefined ? undefined : fullName(reference);
  const { Config, Layers } = pick(all, ({ RepoTags }) => RepoTags.map(fullName), wanted, what);
  const text = await textOf(blobs, Config, what);
  const foreign = readConfig(text, what);
  const layers = pairUp(Layers, foreign, what).map(([name, content]) => ({
    open: () => blobs.open(name),
    bytes: storedBytes(blobs, name, what),
    compressed: /\.(t?gz|zst)$/.test(name),
    content,
  }));
  return { image: `sha256:${digest(text)}`, foreign, layers };
}

function manifestIn(text: string, what: string): Saved[] {
  try {
    const all = JSON.parse(text) as Partial<Saved>[];
    return all.map(({ Config, RepoTags, Layers }) => {
      const [[config], layers, tags] = [texts([Config]), texts(Layers), texts(RepoTags ?? [])];
      return { Config: config as string, Layers: layers, RepoTags: tags };
    });
  } catch {
    throw new UserError(`cannot use ${what}: its manifest.json cannot be read`);
  }
}

function texts(value: unknown): string[] {
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
  throw new Error('not a list of texts');
}

/** Docker's short names: `docker.io/library/nginx:latest` is `nginx`. */
function fullName(name: string): string {
  const short = name.replace(/^(docker\.io|index\.docker\.io)\//, '').replace(/^library\//, '');
  return /[:@][^/]*$/.test(short) ? short : `${short}:latest`;
}
