import { arch } from 'node:process';
import { UserError } from '../../../model/errors.js';

/** What is read of a manifest: Docker's, version 2 schema 2, and OCI's have the same shape. */
export interface Manifest {
  config: Descriptor;
  layers: Descriptor[];
}

export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
}

/** `linux/amd64` and so on, as Go names architectures and Node does not. */
const GO_ARCH: Partial<Record<typeof arch, string>> = {
  x64: 'amd64',
  ia32: '386',
  ppc64: 'ppc64le',
};
export const ARCHITECTURE = GO_ARCH[arch] ?? arch;

export const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** @throws UserError for a text that is no such manifest */
export function readManifest(text: string, what: string): Manifest {
  const { config, layers } = parse(text, what) as Partial<Manifest>;
  if (isDescriptor(config) && Array.isArray(layers) && layers.every(isDescriptor)) {
    return { config, layers };
  }
  throw new UserError(`cannot use ${what}: its manifest is none that baleine knows`);
}

/** Of a list of manifests for several platforms the digest of this host's; undefined for no list. */
export function pickInstance(text: string, what: string): string | undefined {
  const { manifests } = parse(text, what) as { manifests?: unknown };
  if (!Array.isArray(manifests)) return undefined;
  const found = (manifests as Instance[]).find(
    ({ platform }) => platform?.os === 'linux' && platform.architecture === ARCHITECTURE,
  );
  if (found && isDescriptor(found)) return found.digest;
  throw new UserError(`cannot use ${what}: it has none for linux/${ARCHITECTURE}`);
}

type Instance = Partial<Descriptor> & { platform?: { os?: string; architecture?: string } };

/** Names below are made of digests, so they have to be digests. */
export function isDescriptor(value: unknown): value is Descriptor {
  const { digest, size } = (value ?? {}) as Partial<Descriptor>;
  return typeof digest === 'string' && DIGEST.test(digest) && Number.isSafeInteger(size);
}

function parse(text: string, what: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // No JSON: the same complaint.
  }
  throw new UserError(`cannot use ${what}: its manifest cannot be read`);
}
