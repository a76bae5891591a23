import { statfs } from 'node:fs/promises';
import type { PackedFrom } from '../../../model/config.js';
import { UserError } from '../../../model/errors.js';
import type { InstallPaths } from '../../../model/install-paths.js';
import { digest } from '../../../model/json.js';
import type { ImageOrigin } from '../../../model/specs.js';
import { EXTRACT, removeDevices } from '../rootfs/tar.js';
import { makeWay, NO_WHITEOUTS } from './apply-whiteouts.js';
import { startChild, together } from './child.js';
import { pourLayer } from './layer.js';
import { withOpened } from './open.js';
import { describe, type PackedLayer } from './opened.js';
import { LITTLE_MEMORY } from './regular.js';
import { roomFor } from './staging.js';
import { LISTED, membersOf } from './tar-listing.js';
import { type Room, TREE, withRoom } from './unpack-sandbox.js';

/** Unpacks a foreign image's layers into an empty tree; see the port. */
export async function unpackImage(
  site: InstallPaths,
  from: PackedFrom,
  origin: ImageOrigin,
  tree: string,
): Promise<void> {
  const { blocks, bsize } = await statfs(tree);
  const purpose = `unpack ${describe(from)}`;
  await withOpened(
    site,
    from,
    blocks * bsize,
    async ({ foreign, layers }) => {
      if (digest(foreign.layers) !== origin.layers) throw changed(purpose);
      await applyLayers(layers, tree, purpose);
    },
    origin.manifest,
  );
  await removeDevices(tree, purpose);
}

function changed(purpose: string): UserError {
  return new UserError(
    `cannot ${purpose}: it has changed since the plan was made`,
    'Make a new plan.',
  );
}

/**
 * Unpacks layers in order into an empty mounted tree. Each is streamed from its source into GNU
 * tar. All but the lowest are streamed twice: the first pass finds what they hide of the layers
 * below.
 */
export async function applyLayers(
  layers: readonly PackedLayer[],
  tree: string,
  purpose: string,
): Promise<void> {
  const { blocks, bsize } = await statfs(tree);
  const most = roomFor(blocks * bsize, 0);
  await withRoom(tree, async (room) => {
    for (const [index, layer] of layers.entries()) {
      const unpacking = { layer, room, tree, purpose, most };
      if (index > 0) await clear(unpacking);
      await extract(unpacking);
    }
  });
}

interface Unpacking {
  layer: PackedLayer;
  room: Room;
  tree: string;
  purpose: string;
  /** Maximum unpacked bytes of the layer. */
  most: number;
}

/** 512-byte blocks per read: the default of 20 takes more system calls. */
const BLOCKS = '--blocking-factor=512';

async function clear({ layer, room, tree, purpose, most }: Unpacking) {
  const enter = [...room.enter, ...LITTLE_MEMORY];
  const tar = startChild('tar', [...LISTED, BLOCKS], { purpose, enter });
  await together(
    pourLayer(layer, tar.stdin, purpose, most),
    makeWay(tree, membersOf(tar.stdout), purpose),
    tar.ended,
  );
}

async function extract({ layer, room, purpose, most }: Unpacking) {
  const enter = [...room.enter, ...LITTLE_MEMORY];
  const args = [...EXTRACT, ...NO_WHITEOUTS, BLOCKS, `--directory=${TREE}`];
  const tar = startChild('tar', args, { purpose, enter });
  await together(pourLayer(layer, tar.stdin, purpose, most), tar.ended);
}
