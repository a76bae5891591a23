import type { PackedFrom } from '../../../model/config.js';
import { sizeFor } from '../../../model/image-size.js';
import { digest } from '../../../model/json.js';
import type { ImageOrigin } from '../../../model/specs.js';
import { readConfig } from './config.js';
import { type Descriptor, pickInstance, readManifest } from './manifest.js';
import { roomFor, type Staging, withStaging } from './staging.js';
import {
  COMPRESSED_TO,
  describe,
  localBytes,
  openTransport,
  skopeoInspect,
  type Transport,
} from './transport.js';

/** What a foreign image is; see the port. */
export async function inspectImage(from: PackedFrom, size?: number): Promise<ImageOrigin> {
  const local = await localBytes(from);
  const room = roomFor(size ?? sizeFor(local * COMPRESSED_TO), local);
  return withStaging(room, async (staging) => {
    const ask = (transport: Transport, ...options: string[]) =>
      skopeoInspect(transport, options, staging, `read ${describe(from)}`);
    const found = await instanceOf(from, staging, ask);
    const config = readConfig(await ask(found.transport, '--config', '--raw'), describe(from));
    return {
      layers: digest(config.layers),
      image: found.image,
      ...(found.manifest !== undefined && { manifest: found.manifest }),
      bytes: found.layers.reduce((sum, layer) => sum + dataIn(layer, from), 0),
      config: config.config,
    };
  });
}

type Ask = (transport: Transport, ...options: string[]) => Promise<string>;

interface Instance {
  transport: Transport;
  image: string;
  manifest?: string;
  layers: Descriptor[];
}

/** Behind a registry's name may be a list for several platforms; what is recorded is one of them. */
async function instanceOf(from: PackedFrom, staging: Staging, ask: Ask): Promise<Instance> {
  const named = await openTransport(from, staging);
  const text = await ask(named, '--raw');
  if (!('registry' in from)) return manifestIn(text, named, from);
  const picked = pickInstance(text, describe(from));
  if (picked === undefined) {
    const manifest = await ask(named, '--no-tags', '--format', '{{.Digest}}');
    return { ...manifestIn(text, named, from), manifest };
  }
  const one = await openTransport(from, staging, picked);
  return { ...manifestIn(await ask(one, '--raw'), one, from), manifest: picked };
}

function manifestIn(text: string, transport: Transport, from: PackedFrom): Instance {
  const { config, layers } = readManifest(text, describe(from));
  return { transport, image: config.digest, layers };
}

/** What Docker saves is not compressed, whatever it is called. */
function dataIn({ mediaType, size }: Descriptor, from: PackedFrom): number {
  const compressed = !('docker' in from) && /[+.](gzip|zstd)$/.test(mediaType);
  return compressed ? size * COMPRESSED_TO : size;
}
