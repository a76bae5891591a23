import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../../../model/errors.js';
import { formatBytes } from '../../../model/format.js';
import { startChild, together } from './child.js';
import { compressionOf, startDecompressor } from './compression.js';
import { fileOrFolder, MEMORY_LIMIT } from './regular.js';
import { LIST_OPTIONS, type Member, membersOf } from './tar-listing.js';

/** `directory` and `tar` contain a root file system, the others an image with a configuration. */
export type Detected = 'docker' | 'oci' | 'tar' | 'directory';

/**
 * Detects the format of a file or folder by its content; undefined if it does not exist. The output
 * of `docker save` has a manifest.json (`repositories` before Docker 1.10), and an OCI image layout
 * has an oci-layout file (image-layout.md of the image specification). Newer Docker archives have
 * both and are read as Docker's, for the names in them.
 *
 * @throws UserError for a pipe or a device; Error if it is not an archive, or a damaged one
 */
export async function detect(path: string): Promise<Detected | undefined> {
  if (!existsSync(path)) return undefined;
  const purpose = `import ${path}`;
  const { folder, bytes } = await fileOrFolder(path, purpose);
  if (folder) return existsSync(join(path, 'oci-layout')) ? 'oci' : 'directory';
  const compression = await compressionOf(path);
  if (compression === undefined) {
    const args = [...LIST_OPTIONS, '--force-local', `--file=${path}`];
    const tar = startChild('tar', args, { purpose, enter: MEMORY_LIMIT });
    const kind = await kindIn(tar.stdout);
    if (kind === undefined) await tar.ended;
    return kind ?? 'tar';
  }
  const unpacked = startDecompressor(compression, purpose);
  const tar = startChild('tar', LIST_OPTIONS, { purpose, enter: MEMORY_LIMIT });
  let found: Detected | undefined;
  const answer = kindIn(tar.stdout).then((kind) => {
    found = kind;
  });
  try {
    await together(
      answer,
      pipeline(createReadStream(path), unpacked.stdin),
      pipeline(unpacked.stdout, limitBytes(bytes, purpose), tar.stdin),
      unpacked.ended,
      tar.ended,
    );
  } catch (error) {
    // stop reading once the format is known
    if (found === undefined) throw error;
  }
  return found ?? 'tar';
}

/** Decided by the first distinctive name; undefined without one. */
async function kindIn(listing: AsyncIterable<Buffer>): Promise<'docker' | 'oci' | undefined> {
  let isLayout = false;
  for await (const member of membersOf(listing)) {
    const name = nameOf(member);
    if (name === 'manifest.json' || name === 'repositories') return 'docker';
    if (name === 'oci-layout') isLayout = true;
  }
  return isLayout ? 'oci' : undefined;
}

const nameOf = ({ name, type }: Member) => (type === 'd' ? '' : name.replace(/^\.\//, ''));

/** Maximum bytes to decompress for detection, and the maximum ratio to the file's size. */
const DETECTION_BYTES = 4 * 2 ** 30;
const MAX_RATIO = 16;

function limitBytes(bytes: number, purpose: string) {
  const most = Math.max(DETECTION_BYTES, bytes * MAX_RATIO);
  return async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let size = 0;
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size > most) {
        throw new UserError(
          `cannot ${purpose}: it unpacks to more than ${formatBytes(most)}, and no name up to there identifies its format`,
          'baleine image create NAME with --from-tar, --from-docker or --from-oci, and --size.',
        );
      }
      yield chunk;
    }
  };
}
