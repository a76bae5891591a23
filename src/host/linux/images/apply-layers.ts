import { EXTRACT } from '../trees-tar.js';
import { startChild, together } from './child.js';
import { pourLayer } from './layer.js';
import { makeWay, NO_WHITEOUTS } from './make-way.js';
import { LISTED, membersOf } from './members.js';
import type { PackedLayer } from './opened.js';
import { type Room, TREE, withRoom } from './room.js';

/**
 * Unpacks layers one over the other into an empty mounted tree. Each is streamed from where it lies
 * into GNU tar, and one that has others below it twice: first to see what of those it hides.
 */
export async function applyLayers(
  layers: readonly PackedLayer[],
  tree: string,
  purpose: string,
): Promise<void> {
  await withRoom(tree, async (room) => {
    for (const [index, layer] of layers.entries()) {
      if (index > 0) await clear(layer, room, tree, purpose);
      await extract(layer, room, purpose);
    }
  });
}

/** Of 512 bytes, read at a time: the usual 20 cost more calls. */
const BLOCKS = '--blocking-factor=512';

async function clear(layer: PackedLayer, { enter }: Room, tree: string, purpose: string) {
  const tar = startChild('tar', [...LISTED, BLOCKS], { purpose, enter });
  await together(
    pourLayer(layer, tar.stdin, purpose),
    makeWay(tree, membersOf(tar.stdout), purpose),
    tar.ended,
  );
}

async function extract(layer: PackedLayer, { enter }: Room, purpose: string) {
  const args = [...EXTRACT, ...NO_WHITEOUTS, BLOCKS, `--directory=${TREE}`];
  const tar = startChild('tar', args, { purpose, enter });
  await together(pourLayer(layer, tar.stdin, purpose), tar.ended);
}
