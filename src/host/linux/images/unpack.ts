import { statfs } from 'node:fs/promises';
import type { PackedFrom } from '../../../model/config.js';
import { UserError } from '../../../model/errors.js';
import type { InstallPaths } from '../../../model/install-paths.js';
import { digest } from '../../../model/json.js';
import type { ImageOrigin } from '../../../model/specs.js';
import { EXTRACT, removeDevices } from '../rootfs/tar.js';
import { applyWhiteouts, NO_WHITEOUTS } from './apply-whiteouts.js';
import { startChild, together } from './child.js';
import { streamLayer } from './layer.js';
import { withOpened } from './open.js';
import { describe, type PackedLayer } from './opened.js';
import { MEMORY_LIMIT } from './regular.js';
import { stagingSize } from './staging.js';
import { LIST_OPTIONS, membersOf } from './tar-listing.js';
import { TREE, type UnpackSandbox, withUnpackSandbox } from './unpack-sandbox.js';

/** Unpacks a foreign image's layers into an empty tree; see the port. */
export async function unpackImage(
  paths: InstallPaths,
  from: PackedFrom,
  origin: ImageOrigin,
  tree: string,
): Promise<void> {
  const { blocks, bsize } = await statfs(tree);
  const purpose = `unpack ${describe(from)}`;
  await withOpened(
    paths,
    from,
    blocks * bsize,
    async ({ foreign, layers }) => {
      if (digest(foreign.layers) !== origin.layers) throw changedError(purpose);
      await applyLayers(layers, tree, purpose);
    },
    origin.manifest,
  );
  await removeDevices(tree, purpose);
}

function changedError(purpose: string): UserError {
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
  const most = stagingSize(blocks * bsize, 0);
  await withUnpackSandbox(tree, async (sandbox) => {
    for (const [index, layer] of layers.entries()) {
      const unpacking = { layer, sandbox, tree, purpose, most };
      if (index > 0) await applyLayerWhiteouts(unpacking);
      await extract(unpacking);
    }
  });
}

interface Unpacking {
  layer: PackedLayer;
  sandbox: UnpackSandbox;
  tree: string;
  purpose: string;
  /** Maximum unpacked bytes of the layer. */
  most: number;
}

/** 512-byte blocks per read: the default of 20 takes more system calls. */
const BLOCKS = '--blocking-factor=512';

async function applyLayerWhiteouts({ layer, sandbox, tree, purpose, most }: Unpacking) {
  const enter = [...sandbox.enter, ...MEMORY_LIMIT];
  const tar = startChild('tar', [...LIST_OPTIONS, BLOCKS], { purpose, enter });
  await together(
    streamLayer(layer, tar.stdin, purpose, most),
    applyWhiteouts(tree, membersOf(tar.stdout), purpose),
    tar.ended,
  );
}

async function extract({ layer, sandbox, purpose, most }: Unpacking) {
  const enter = [...sandbox.enter, ...MEMORY_LIMIT];
  const args = [...EXTRACT, ...NO_WHITEOUTS, BLOCKS, `--directory=${TREE}`];
  const tar = startChild('tar', args, { purpose, enter });
  await together(streamLayer(layer, tar.stdin, purpose, most), tar.ended);
}
