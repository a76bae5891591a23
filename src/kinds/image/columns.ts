import { basename } from 'node:path';
import type { ImageFrom } from '../../model/config.js';
import { formatBytes } from '../../model/format.js';
import { imageVersion } from '../../model/image-version.js';
import type { Column } from '../../model/resource.js';
import type { ImageFacts, ImageSpec } from '../../model/specs.js';

/** The columns of the original system, then ours. */
export const columns: Column<ImageSpec, ImageFacts>[] = [
  { header: 'ID', value: ({ spec }) => spec.id },
  { header: 'NOM_IMAGE', value: ({ name }) => name },
  { header: 'TAILLE', value: ({ spec }) => formatBytes(spec.size) },
  { header: 'SOURCE', value: ({ spec }) => describeSource(spec.from) },
  { header: 'VERSION', value: ({ spec }) => imageVersion(spec) },
  { header: 'CREATION', value: ({ facts }) => facts.created_at ?? '' },
];

/** `debian bookworm`, `host busybox,haproxy`. */
export function describeSource(from: ImageFrom): string {
  if ('debian' in from) return `debian ${from.debian.suite}`;
  if ('tar' in from) return `tar ${basename(from.tar)}`;
  if ('directory' in from) return `directory ${basename(from.directory)}`;
  if ('image' in from) return `image ${from.image}`;
  if ('docker' in from) return `docker ${basename(from.docker.path)}`;
  if ('oci' in from) return `oci ${basename(from.oci.path)}`;
  if ('dockerfile' in from) return `dockerfile ${basename(from.dockerfile.context)}`;
  if ('registry' in from) return `registry ${from.registry}`;
  if ('container' in from) return `container ${from.container}`;
  const { binaries, files } = from.host;
  return `host ${[...binaries, ...files].map((path) => basename(path)).join(',')}`;
}
