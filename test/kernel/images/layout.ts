import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ARCHITECTURE } from '../../../src/host/linux/images/platform.js';

export interface Layer {
  /** As stored. */
  blob: Buffer;
  /** Digest to claim in the manifest; by default the correct one. */
  digest?: string;
  size?: number;
  /** Uncompressed content, or the digest to claim in the config. */
  content?: Buffer | string;
  mediaType?: string;
}

export const sha256 = (data: Buffer | string) =>
  `sha256:${createHash('sha256').update(data).digest('hex')}`;

/** Writes an OCI image layout with the claimed sizes and digests, which may be wrong. */
export function writeLayout(
  dir: string,
  layers: Layer[],
  config: object = { Cmd: ['true'] },
): string {
  mkdirSync(join(dir, 'blobs/sha256'), { recursive: true });
  const put = (data: Buffer | string, digest = sha256(data)) => {
    const name = digest.slice('sha256:'.length);
    if (!name.includes('/')) writeFileSync(join(dir, 'blobs/sha256', name), data);
    return { digest, size: Buffer.byteLength(data) };
  };
  const diffIds = layers.map(({ blob, content = blob }) =>
    typeof content === 'string' ? content : sha256(content),
  );
  const platform = { os: 'linux', architecture: ARCHITECTURE };
  const rootfs = { type: 'layers', diff_ids: diffIds };
  const TYPE = 'application/vnd.oci.image';
  const manifest = {
    schemaVersion: 2,
    mediaType: `${TYPE}.manifest.v1+json`,
    config: {
      mediaType: `${TYPE}.config.v1+json`,
      ...put(JSON.stringify({ ...platform, config, rootfs })),
    },
    layers: layers.map(({ blob, digest, size, mediaType = `${TYPE}.layer.v1.tar` }) => ({
      mediaType,
      ...put(blob, digest),
      ...(size !== undefined && { size }),
    })),
  };
  const descriptor = put(JSON.stringify(manifest));
  const index = { schemaVersion: 2, manifests: [{ mediaType: manifest.mediaType, ...descriptor }] };
  writeFileSync(join(dir, 'index.json'), JSON.stringify(index));
  writeFileSync(join(dir, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  return dir;
}
