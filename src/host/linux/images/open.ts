import { join } from 'node:path';
import type { ArchiveSource, PackedFrom } from '../../../model/config.js';
import type { InstallPaths } from '../../../model/install-paths.js';
import { type Blobs, blobsInArchive, blobsInFolder, textOf } from './blobs.js';
import { compressionOf, decompress } from './compression.js';
import { openDocker } from './docker-archive.js';
import { hexOf, openLayout, openManifest } from './oci-layout.js';
import { describe, type OpenedImage } from './opened.js';
import { skopeoCopy, transportOf } from './registry.js';
import { fileOrFolder, type SourceFile } from './regular.js';
import { type Staging, stagingSize, withStaging } from './staging.js';

type Local = Exclude<PackedFrom, { registry: string }>;

/**
 * Opens an image for `work`. A plain archive or folder is read in place; a compressed archive or a
 * registry's image is staged first.
 *
 * @param size maximum bytes of the image
 * @param manifest digest that a registry reference is locked to
 */
export async function withOpened<T>(
  paths: InstallPaths,
  from: PackedFrom,
  size: number,
  work: (image: OpenedImage) => Promise<T>,
  manifest?: string,
): Promise<T> {
  if ('registry' in from) {
    return withStaging(paths, stagingSize(size, 0), async (staging) =>
      work(await fetched(from, staging, manifest)),
    );
  }
  const { folder, bytes } = await inspectSource(sourceOf(from));
  const { path } = sourceOf(from);
  if (folder) return work(await openLocal(from, blobsInFolder(path)));
  const compression = await compressionOf(path);
  if (compression === undefined) return work(await openArchive(from, path));
  return withStaging(paths, stagingSize(size, bytes), async (staging) => {
    await decompress(path, compression, PACKED, staging, `unpack ${describe(from)}`);
    return work(await openArchive(from, join(staging.outside, PACKED)));
  });
}

const PACKED = 'source';
const FETCHED = 'blobs';

const sourceOf = (from: Local): ArchiveSource => ('docker' in from ? from.docker : from.oci);

/**
 * Size of a local source, for an estimate; a registry's image is not local. @throws UserError if it
 * does not exist
 */
export async function localBytes(from: PackedFrom): Promise<number> {
  return 'registry' in from ? 0 : (await inspectSource(sourceOf(from))).bytes;
}

const inspectSource = ({ path }: ArchiveSource): Promise<SourceFile> =>
  fileOrFolder(path, `unpack ${path}`);

async function openArchive(from: Local, path: string): Promise<OpenedImage> {
  return openLocal(from, await blobsInArchive(path, `read ${describe(from)}`));
}

function openLocal(from: Local, blobs: Blobs): Promise<OpenedImage> {
  const { reference } = sourceOf(from);
  const open = 'docker' in from ? openDocker : openLayout;
  return open(blobs, reference, describe(from));
}

async function fetched(
  from: { registry: string },
  staging: Staging,
  manifest: string | undefined,
): Promise<OpenedImage> {
  const what = describe(from);
  await skopeoCopy(transportOf(from, manifest), FETCHED, staging, `fetch ${what}`);
  const blobs = blobsInFolder(join(staging.outside, FETCHED));
  return openManifest(await textOf(blobs, 'manifest.json', what), blobs, hexOf, what);
}
