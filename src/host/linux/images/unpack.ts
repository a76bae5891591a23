import { readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { PackedFrom } from '../../../model/config.js';
import { UserError } from '../../../model/errors.js';
import { digest } from '../../../model/json.js';
import type { ImageOrigin } from '../../../model/specs.js';
import { removeDevices } from '../trees-devices.js';
import { readConfig } from './config.js';
import { hexOf } from './layout.js';
import { readManifest } from './manifest.js';
import { layOut } from './staged-layout.js';
import { roomFor, type Staging, withStaging } from './staging.js';
import { tool } from './tool.js';
import { describe, localBytes, openTransport, skopeoCopy } from './transport.js';

/** Unpacks a foreign image's layers into an empty tree; see the port. */
export async function unpackImage(
  from: PackedFrom,
  origin: ImageOrigin,
  tree: string,
): Promise<void> {
  const { blocks, bsize } = await statfs(tree);
  const purpose = `unpack ${describe(from)}`;
  const room = roomFor(blocks * bsize, await localBytes(from));
  const work = (staging: Staging) => unpackIn(staging, from, origin, tree, purpose);
  await withStaging(room, work);
  await removeDevices(tree, purpose);
}

const BLOBS = 'blobs';

async function unpackIn(
  staging: Staging,
  from: PackedFrom,
  origin: ImageOrigin,
  tree: string,
  purpose: string,
): Promise<void> {
  const transport = await openTransport(from, staging, origin.manifest);
  await skopeoCopy(transport, BLOBS, staging, purpose);
  const blobs = join(staging.outside, BLOBS);
  const manifest = readManifest(
    await readFile(join(blobs, 'manifest.json'), 'utf8'),
    describe(from),
  );
  const config = await readFile(join(blobs, hexOf(manifest.config)), 'utf8');
  const { layers } = readConfig(config, describe(from));
  if (digest(layers) !== origin.layers) throw changed(purpose);
  const image = await layOut({ staging, blobs: BLOBS, manifest, contents: layers, purpose });
  await tool('umoci', ['raw', 'unpack', '--image', image, tree], { purpose, staging });
}

function changed(purpose: string): UserError {
  return new UserError(
    `cannot ${purpose}: it is another one than when the plan was made`,
    'Make a new plan.',
  );
}
