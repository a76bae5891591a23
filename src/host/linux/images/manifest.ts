import { UserError } from '../../../model/errors.js';
import { parseForeign } from './foreign-json.js';
import type { Platform } from './platform.js';

/** What is read of a manifest: Docker's, version 2 schema 2, and OCI's have the same shape. */
export interface Manifest {
  config: Descriptor;
  layers: Descriptor[];
  /** OCI's, for people and tools: `org.opencontainers.image.source` and so on. */
  annotations?: Record<string, unknown>;
}

export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
}

/** One of several images, or an index of some. */
export interface IndexEntry extends Descriptor {
  platform?: Platform;
  annotations?: Record<string, unknown>;
}

export const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** @throws UserError for a text that is no such manifest */
export function readManifest(text: string, what: string): Manifest {
  const { config, layers, annotations } = objectIn(text, what) as Partial<Manifest>;
  if (isDescriptor(config) && Array.isArray(layers) && layers.every(isDescriptor)) {
    return { config, layers, ...(isObject(annotations) && { annotations }) };
  }
  throw new UserError(`cannot use ${what}: its manifest is none that baleine knows`);
}

/** The entries of an index; undefined for a text that is none. @throws UserError for a damaged one */
export function readIndex(text: string, what: string): IndexEntry[] | undefined {
  const { manifests } = objectIn(text, what) as { manifests?: unknown };
  if (manifests === undefined) return undefined;
  if (Array.isArray(manifests) && manifests.every(isDescriptor)) return manifests as IndexEntry[];
  throw new UserError(`cannot use ${what}: its index is none that baleine knows`);
}

/** Names below are made of digests, so they have to be digests. */
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
