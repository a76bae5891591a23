import type { FileReference, MemoryFileSpec } from '../../../model/container-values.js';
import { type RawReference, referencesOf, referencesSchema } from './file-references.js';
import { resolvedKey, spec } from './key.js';

export const configs = resolvedKey({
  schema: referencesSchema(
    'configs',
    'Configs of the file to mount read-only, as names or in the long form; at `/NAME` unless `target` says otherwise.',
  ),
  read: (raw: RawReference[] | undefined, path, reading): FileReference[] | undefined =>
    referencesOf('configs', raw, path, reading),
  as: 'configs',
  spec: spec<MemoryFileSpec[] | undefined>(),
  change: 'custom',
  /** The content before a change is not kept. */
  release: false,
});
