import { readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { ForeignFrom } from '../../../model/config.js';
import { UserError } from '../../../model/errors.js';
import { digest } from '../../../model/json.js';
import type { ImageOrigin } from '../../../model/specs.js';
import { removeDevices } from '../trees-devices.js';
import { readConfig } from './config.js';
import { NAME, writeLayout } from './layout.js';
import { readManifest } from './manifest.js';
import { roomFor, withStaging } from './staging.js';
import { tool } from './tool.js';
import { describe, localBytes, openTransport, skopeoCopy } from './transport.js';

/** Unpacks a foreign image's layers into an empty tree; see the port. */
export async function unpackImage(
  from: ForeignFrom,
  origin: ImageOrigin,
  tree: string,
): Promise<void> {
  const { blocks, bsize } = await statfs(tree);
  const purpose = `unpack ${describe(from)}`;
  await withStaging(roomFor(blocks * bsize, await localBytes(from)), async (staging) => {
    const blobs = join(staging, 'blobs');
    const transport = await openTransport(from, staging, origin.manifest);
    await skopeoCopy(transport, blobs, staging, purpose);
    const manifest = readManifest(await readFile(join(blobs, 'manifest.json'), 'utf8'), purpose);
    const config = await readFile(join(blobs, manifest.config.digest.slice(7)), 'utf8');
    const { layers } = readConfig(config, describe(from));
    if (digest(layers) !== origin.layers) throw changed(purpose);
    const layout = join(staging, 'layout');
    await writeLayout(layout, blobs, manifest, layers, purpose);
    await tool('umoci', ['raw', 'unpack', '--image', `${layout}:${NAME}`, tree], { purpose });
  });
  await removeDevices(tree, purpose);
}

function changed(purpose: string): UserError {
  return new UserError(
    `cannot ${purpose}: it is another one than when the plan was made`,
    'Make a new plan.',
  );
}
