import { readdir, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArchiveSource, PackedFrom } from '../../../model/config.js';
import { UserError } from '../../../model/errors.js';
import { compressionOf, decompress } from './compression.js';
import { isLoopback, pinned } from './registry.js';
import type { Staging } from './staging.js';
import { tool } from './tool.js';

/** A foreign image as skopeo(1) is told about it. */
export interface Transport {
  /** `docker-archive:…`, `oci:…`, `oci-archive:…`, `docker://…`. */
  name: string;
  /** Talk to it without TLS: Docker's rule for registries on this host. */
  plain: boolean;
}

/** For messages: `the image in /srv/nginx.tar`, `nginx:1.27`. */
export function describe(from: PackedFrom): string {
  if ('registry' in from) return from.registry;
  return `the image in ${('docker' in from ? from.docker : from.oci).path}`;
}

/**
 * Makes a source ready to be read: what is compressed is unpacked into `staging`.
 *
 * @param manifest digest a registry's name is locked to
 */
export async function openTransport(
  from: PackedFrom,
  staging: Staging,
  manifest?: string,
): Promise<Transport> {
  if ('registry' in from) {
    return {
      name: `docker://${pinned(from.registry, manifest)}`,
      plain: isLoopback(from.registry),
    };
  }
  const source = 'docker' in from ? from.docker : from.oci;
  const folder = (await bytesAt(source.path)).folder;
  const transport = 'docker' in from ? 'docker-archive' : folder ? 'oci' : 'oci-archive';
  const place = await link(source, staging, folder, describe(from));
  const reference = source.reference === undefined ? '' : `:${source.reference}`;
  return { name: `${transport}:${place}${reference}`, plain: false };
}

/** A link, because a colon in the path would end it for skopeo. */
async function link({ path }: ArchiveSource, staging: Staging, folder: boolean, what: string) {
  const name = 'source';
  const compressed = !folder && (await compressionOf(path)) !== undefined;
  if (compressed) await decompress(path, name, staging, `unpack ${what}`);
  else await symlink(path, join(staging.outside, name));
  return join(staging.inside, name);
}

/** How large a source's local files are; those of a registry are not local. */
export async function localBytes(from: PackedFrom): Promise<number> {
  if ('registry' in from) return 0;
  const { path } = 'docker' in from ? from.docker : from.oci;
  const { folder, bytes } = await bytesAt(path);
  return folder ? bytesIn(path) : bytes;
}

/** Of what most compressors make of most data; an estimate on the safe side. */
export const COMPRESSED_TO = 4;

async function bytesAt(path: string): Promise<{ folder: boolean; bytes: number }> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new UserError(`cannot unpack ${path}: no such file or folder`);
  return { folder: found.isDirectory(), bytes: found.size };
}

async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** Runs `skopeo inspect` with these options. */
export async function skopeoInspect(
  { name, plain }: Transport,
  options: string[],
  staging: Staging,
  purpose: string,
): Promise<string> {
  const tls = plain ? ['--tls-verify=false'] : [];
  const args = ['--tmpdir', staging.inside, 'inspect', ...tls, ...options, '--', name];
  return tool('skopeo', args, { purpose, staging });
}

/**
 * Copies an image into a folder of the room: `manifest.json`, and each blob under the hex digits of its digest,
 * checked against digest and size by skopeo.
 */
export async function skopeoCopy(
  { name, plain }: Transport,
  folder: string,
  staging: Staging,
  purpose: string,
): Promise<void> {
  const tls = plain ? ['--src-tls-verify=false'] : [];
  const to = `dir:${join(staging.inside, folder)}`;
  const args = ['--tmpdir', staging.inside, 'copy', '--quiet', ...tls, '--', name, to];
  await tool('skopeo', args, { purpose, staging });
}
