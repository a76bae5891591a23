import { UserError } from '../../../model/errors.js';
import { digest } from '../../../model/json.js';
import { type Blobs, textOf } from './blobs.js';
import { readConfig } from './config.js';
import { parseForeign, shownName } from './foreign-json.js';
import { contentDigest } from './layer.js';
import { type OpenedImage, type PackedLayer, pickImage, storedBytes } from './opened.js';

/** Docker allows 127; a longer chain is a cycle. */
const MAX_LAYERS = 500;

/** Version 1 JSON of an image or layer: each layer is an image whose parent is the layer below. */
interface Legacy {
  id: string;
  fields: Record<string, unknown>;
}

/**
 * Reads the output of `docker save` from before Docker 1.10: `repositories` has the top layer of
 * each tag, `ID/json` its configuration and parent, `ID/layer.tar` its files (Docker's image
 * specification, version 1). The format has no digests of layers; they are computed here.
 */
export async function openLegacy(
  blobs: Blobs,
  wanted: string | undefined,
  what: string,
): Promise<OpenedImage> {
  const tagged = repositoriesIn(await textOf(blobs, 'repositories', what), what);
  const { id } = pickImage(
    tagged,
    ({ names, id: own }) => [...names, `sha256:${own}`],
    wanted,
    what,
  );
  const chain = await chainOf(id, blobs, what);
  const layers: PackedLayer[] = [];
  for (const each of chain) {
    const name = `${each.id}/layer.tar`;
    const layer = {
      open: () => blobs.open(name),
      bytes: storedBytes(blobs, name, what),
      compressed: false,
    };
    layers.push({ ...layer, content: await contentDigest(layer, `read ${what}`) });
  }
  const text = configOf(chain, layers);
  return { image: `sha256:${digest(text)}`, foreign: readConfig(text, what), layers };
}

/** Images by their top layers. */
function repositoriesIn(text: string, what: string): { id: string; names: string[] }[] {
  const byId = new Map<string, string[]>();
  for (const [name, tags] of Object.entries(objectOf(parseForeign(text, 'repositories', what)))) {
    for (const [tag, id] of Object.entries(objectOf(tags))) {
      if (typeof id !== 'string') continue;
      byId.set(id, [...(byId.get(id) ?? []), `${name}:${tag}`]);
    }
  }
  return [...byId].map(([id, names]) => ({ id, names }));
}

/** Lowest first. */
async function chainOf(top: string, blobs: Blobs, what: string): Promise<Legacy[]> {
  const chain: Legacy[] = [];
  for (let id: unknown = top; typeof id === 'string' && id !== ''; ) {
    const name = `${id}/json`;
    const fields = objectOf(parseForeign(await textOf(blobs, name, what), name, what));
    chain.unshift({ id, fields });
    if (chain.length > MAX_LAYERS) {
      throw new UserError(
        `cannot use ${what}: ${shownName(top)} has more than ${MAX_LAYERS} layers below it`,
      );
    }
    id = fields.parent;
  }
  return chain;
}

/** The equivalent in the current format: the top layer's fields, and the history of all layers. */
function configOf(chain: readonly Legacy[], layers: readonly PackedLayer[]): string {
  const { id: _id, parent: _parent, ...top } = chain.at(-1)?.fields ?? {};
  return JSON.stringify({
    ...top,
    rootfs: { type: 'layers', diff_ids: layers.map(({ content }) => content) },
    history: chain.map(({ fields: { created, author, comment, container_config } }) => {
      const { Cmd } = objectOf(container_config);
      const created_by = Array.isArray(Cmd) ? Cmd.join(' ') : undefined;
      return { created, author, comment, created_by };
    }),
  });
}

const objectOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
