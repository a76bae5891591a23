import type { PackedFrom } from '../../../model/config.js';
import type { RegistrySource } from '../../../model/image-values.js';
import { sizeFor } from '../../../model/image-version.js';
import type { InstallPaths } from '../../../model/install-paths.js';
import { digest } from '../../../model/json.js';
import type { ImageOrigin } from '../../../model/specs.js';
import { annotated, type ForeignConfig, readConfig } from './config.js';
import { type Descriptor, readIndex, readManifest } from './manifest.js';
import { manifestForHost } from './manifest-for-host.js';
import { localBytes, withOpened } from './open.js';
import { describe } from './opened.js';
import { skopeoInspect, type Transport, transportOf } from './registry.js';
import { stagingSize, withStaging } from './staging.js';

/** The usual ratio of most compressors on most data; a safe estimate. */
const COMPRESSION_RATIO = 4;

/** Describes a foreign image; see the port. */
export async function inspectImage(
  paths: InstallPaths,
  from: PackedFrom,
  size?: number,
): Promise<ImageOrigin> {
  if ('registry' in from) return inspectRemote(paths, from);
  const expected = size ?? sizeFor((await localBytes(from)) * COMPRESSION_RATIO);
  return withOpened(paths, from, expected, async ({ image, foreign, layers }) => ({
    ...factsOf(foreign, layers),
    image,
  }));
}

/** Milliseconds for all queries about one image; no layer is fetched. */
const REGISTRY_TIMEOUT = 15_000;

async function inspectRemote(paths: InstallPaths, from: RegistrySource): Promise<ImageOrigin> {
  return withStaging(paths, stagingSize(0, 0), async (staging) => {
    const end = process.uptime() * 1000 + REGISTRY_TIMEOUT;
    const ask: Ask = (transport, ...options) => {
      const timeout = Math.max(1000, Math.round(end - process.uptime() * 1000));
      return skopeoInspect(transport, options, staging, {
        purpose: `read ${describe(from)}`,
        timeout,
      });
    };
    const { transport, text, manifest } = await instanceOf(from, ask);
    const read = readManifest(text, describe(from));
    const { config, layers } = read;
    const raw = await ask(transport, '--config', '--raw');
    const foreign = annotated(readConfig(raw, describe(from), from.platform), read);
    return { ...factsOf(foreign, layers.map(packed)), image: config.digest, manifest };
  });
}

type Ask = (transport: Transport, ...options: string[]) => Promise<string>;

interface Instance {
  transport: Transport;
  text: string;
  manifest: string;
}

/** The name may refer to a list for several platforms; the image for one of them is recorded. */
async function instanceOf(from: RegistrySource, ask: Ask): Promise<Instance> {
  const named = transportOf(from);
  const text = await ask(named, '--raw');
  const entries = readIndex(text, describe(from));
  if (entries === undefined) {
    const manifest = await ask(named, '--no-tags', '--format', '{{.Digest}}');
    return { transport: named, text, manifest };
  }
  const read = ({ digest }: Descriptor) => ask(transportOf(from, digest), '--raw');
  const found = await manifestForHost(
    entries,
    read,
    describe(from),
    from.platform && { wanted: from.platform },
  );
  return { transport: transportOf(from, found.digest), text: found.text, manifest: found.digest };
}

const packed = ({ mediaType, size }: Descriptor) => ({
  bytes: size,
  compressed: /[+.](gzip|zstd)$/.test(mediaType),
});

function factsOf(
  { layers: contents, config, original }: ForeignConfig,
  layers: { bytes: number; compressed: boolean }[],
) {
  return {
    layers: digest(contents),
    bytes: layers.reduce(
      (sum, { bytes, compressed }) => sum + (compressed ? bytes * COMPRESSION_RATIO : bytes),
      0,
    ),
    config,
    original,
  };
}
