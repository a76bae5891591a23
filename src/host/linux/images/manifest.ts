import { UserError } from '../../../model/errors.js';
import { parseForeign } from './foreign-json.js';
import type { Platform } from './platform.js';

/**
 * The parts of a manifest that we use: Docker's (version 2, schema 2) and OCI's share one format.
 */
export interface Manifest {
  config: Descriptor;
  layers: Descriptor[];
  /** OCI annotations for people and tools: `org.opencontainers.image.source` and so on. */
  annotations?: Record<string, unknown>;
}

export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
}

/** One of several images, or a nested index. */
export interface IndexEntry extends Descriptor {
  platform?: Platform;
  annotations?: Record<string, unknown>;
}

export const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** @throws UserError if the text is not such a manifest */
export function readManifest(text: string, what: string): Manifest {
  const { config, layers, annotations } = objectIn(text, what) as Partial<Manifest>;
  if (isDescriptor(config) && Array.isArray(layers) && layers.every(isDescriptor)) {
    return { config, layers, ...(isObject(annotations) && { annotations }) };
  }
  throw new UserError(`cannot use ${what}: its manifest has a format that baleine does not know`);
}

/**
 * The entries of an index; undefined if the text is not one. @throws UserError for a damaged one
 */
export function readIndex(text: string, what: string): IndexEntry[] | undefined {
  const { manifests } = objectIn(text, what) as { manifests?: unknown };
  if (manifests === undefined) return undefined;
  if (Array.isArray(manifests) && manifests.every(isDescriptor)) return manifests as IndexEntry[];
  throw new UserError(`cannot use ${what}: its index has a format that baleine does not know`);
}

/** File names are made of digests, so they must be digests. */
export function isDescriptor(value: unknown): value is Descriptor {
  const { digest, size } = (value ?? {}) as Partial<Descriptor>;
  return typeof digest === 'string' && DIGEST.test(digest) && Number.isSafeInteger(size);
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function objectIn(text: string, what: string): object {
  const value = parseForeign(text, 'manifest', what);
  if (typeof value === 'object' && value !== null) return value;
  throw new UserError(`cannot use ${what}: its manifest cannot be read`);
}
