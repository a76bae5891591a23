import type { FileReference, MemoryFileSpec } from '../../../model/container-values.js';
import { type RawReference, referencesOf, referencesSchema } from './file-references.js';
import { resolvedKey, spec } from './key.js';

export const secrets = resolvedKey({
  schema: referencesSchema(
    'secrets',
    'Secrets of the file to mount read-only, as names or in the long form; at `/run/secrets/NAME` unless `target` says otherwise. They are files in memory that only the container sees.',
  ),
  read: (raw: RawReference[] | undefined, path, reading): FileReference[] | undefined =>
    referencesOf('secrets', raw, path, reading),
  as: 'secrets',
  spec: spec<MemoryFileSpec[] | undefined>(),
  change: 'custom',
  /** The content before a change is not kept. */
  release: false,
});
