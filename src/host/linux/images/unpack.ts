import { statfs } from 'node:fs/promises';
import type { PackedFrom } from '../../../model/config.js';
import { UserError } from '../../../model/errors.js';
import { digest } from '../../../model/json.js';
import type { Site } from '../../../model/site.js';
import type { ImageOrigin } from '../../../model/specs.js';
import { removeDevices } from '../trees-devices.js';
import { applyLayers } from './apply-layers.js';
import { withOpened } from './open.js';
import { describe } from './opened.js';

/** Unpacks a foreign image's layers into an empty tree; see the port. */
export async function unpackImage(
  site: Site,
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
    `cannot ${purpose}: it is another one than when the plan was made`,
    'Make a new plan.',
  );
}
