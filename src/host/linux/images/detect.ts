import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../../../model/errors.js';
import { formatBytes } from '../../../model/format.js';
import { startChild, together } from './child.js';
import { compressionOf, startDecompressor } from './compression.js';
import { fileOrFolder, LITTLE_MEMORY } from './regular.js';
import { LISTED, type Member, membersOf } from './tar-listing.js';

/** `directory` and `tar` hold a root file system, the others an image with a config. */
export type Detected = 'docker' | 'oci' | 'tar' | 'directory';

/**
 * Tells by its content what a file or folder is; undefined when nothing is there. What `docker save`
 * writes has a manifest.json, before Docker 1.10 `repositories`, and an OCI image layout an oci-layout
 * (image-layout.md of the image specification); newer archives of Docker are both, and read as
 * Docker's, for the names in them.
 *
 * @throws UserError for a pipe or a device; Error for what is not an archive, or a damaged one
 */
export async function detect(path: string): Promise<Detected | undefined> {
  if (!existsSync(path)) return undefined;
  const purpose = `import ${path}`;
  const { folder, bytes } = await fileOrFolder(path, purpose);
  if (folder) return existsSync(join(path, 'oci-layout')) ? 'oci' : 'directory';
  const compression = await compressionOf(path);
  if (compression === undefined) {
    const args = [...LISTED, '--force-local', `--file=${path}`];
    const tar = startChild('tar', args, { purpose, enter: LITTLE_MEMORY });
    const kind = await kindIn(tar.stdout);
    if (kind === undefined) await tar.ended;
    return kind ?? 'tar';
  }
  const unpacked = startDecompressor(compression, purpose);
  const tar = startChild('tar', LISTED, { purpose, enter: LITTLE_MEMORY });
  let found: Detected | undefined;
  const answer = kindIn(tar.stdout).then((kind) => {
    found = kind;
  });
  try {
    await together(
      answer,
      pipeline(createReadStream(path), unpacked.stdin),
      pipeline(unpacked.stdout, atMost(bytes, purpose), tar.stdin),
      unpacked.ended,
      tar.ended,
    );
  } catch (error) {
    // once it is known what it is, nobody reads on
    if (found === undefined) throw error;
  }
  return found ?? 'tar';
}

/** By the first name that tells; undefined when no name does. */
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

/** Bytes that are unpacked of any file to see what it is, and how many times its own. */
const ENOUGH = 4 * 2 ** 30;
const MOST_RATIO = 16;

function atMost(bytes: number, purpose: string) {
  const most = Math.max(ENOUGH, bytes * MOST_RATIO);
  return async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let size = 0;
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size > most) {
        throw new UserError(
          `cannot ${purpose}: it unpacks to more than ${formatBytes(most)}, and nothing before tells what it is`,
          'baleine image create NAME with --from-tar, --from-docker or --from-oci, and --size.',
        );
      }
      yield chunk;
    }
  };
}
